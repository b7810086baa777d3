// Asks the server the page's first two questions while the page's own code is still on its
// way. Whoever asks them then (`src/sync/ahead.ts`) is given these answers.
{
  const base = document.querySelector('meta[name="tailrace-base"]')?.content;
  const asked = new Map();
  window.tailraceAhead = asked;

  const ask = (method, address, headers, body) => {
    const url = new URL(address, location.origin).href;
    const answer = fetch(url, { method, headers, body, credentials: "same-origin" });
    answer.catch(() => {}); // whoever takes it is told
    asked.set(`${method} ${url} ${body ?? ""}`, answer);
    return answer;
  };

  const notebookPath = (pathname) => {
    const [page, ...parts] = pathname.slice(base.length).split("/");
    return page === "notebook" ? parts.map(decodeURIComponent).join("/") : "";
  };

  const json = "application/json";
  const begin = async () => {
    const answer = await ask("GET", `${base}api/v1/me`, { accept: json });
    const path = notebookPath(location.pathname);
    if (!answer.ok || path === "") return;
    const { token } = await answer.clone().json();
    const headers = { accept: json, "content-type": json, "x-tailrace-token": token ?? "" };
    ask("POST", `${base}api/v1/notebooks`, headers, JSON.stringify({ path }));
  };
  // Without answers the page asks for itself, and says what is wrong.
  if (base !== undefined) begin().catch(() => asked.clear());
}

/** The page's first stop: past the bar, to what the page is about. */

export function SkipLink() {
  return (
    // biome-ignore lint/a11y/useValidAnchor: it goes to a place, which only a script can name
    <a
      className="skip button"
      href="#content"
      onClick={(event) => {
        event.preventDefault();
        const main = document.querySelector("main");
        const cell = main?.querySelector<HTMLElement>("[data-cell-id][data-active]");
        if (main && !cell) main.tabIndex = -1;
        (cell ?? main)?.focus();
      }}
    >
      Skip to the content
    </a>
  );
}

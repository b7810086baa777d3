/**
 * The frame's policy, said by the frame itself. Our server says it in a header, which holds
 * against more (SEC-16); a page kept on any other host has only this.
 */

export function applyPolicy(): void {
  const ours = new URL(import.meta.url).origin;
  const isOpened = location.search === "?opened";
  const web = isOpened ? " https:" : "";
  const policy = [
    "default-src 'none'",
    `script-src ${ours}${web} 'unsafe-inline' 'unsafe-eval' blob:`,
    `style-src 'unsafe-inline' ${ours}${web}`,
    `img-src data: blob:${web}`,
    `media-src data: blob:${web}`,
    `font-src data: ${ours}${web}`,
    "base-uri 'none'",
    "form-action 'none'",
    ...(isOpened
      ? ["connect-src data: blob: https: wss:", "frame-src https:", "worker-src blob:"]
      : []),
  ];
  const meta = document.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = policy.join("; ");
  document.head.append(meta);
}

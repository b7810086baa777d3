import "../ui/fonts.css";
import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/controls.css";
import "../editor/editor.css";
import "../outputs/outputs.css";
import "../outputs/table/table.css";
import "../notebook/notebook.css";
import "../files/files.css";
import { createRoot } from "react-dom/client";
import { applyTheme } from "../ui/theme";
import { isFromServer } from "./apart";
import { App } from "./app";

applyTheme();
const place = document.getElementById("app");
async function start(root: HTMLElement) {
  if (isFromServer() || import.meta.env.DEV) {
    createRoot(root).render(<App />);
    return;
  }
  const { ApartPage } = await import("./apart-page");
  createRoot(root).render(<ApartPage />);
}

if (place) void start(place);

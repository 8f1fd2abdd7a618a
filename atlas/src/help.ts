/** The keys, in a dialog. */

import { el } from "./dom";

const KEYS: [string, string][] = [
  ["Tab", "from control to control; the map is one of them"],
  ["← ↑ → ↓", "move the map (with Shift, farther)"],
  ["+  −", "zoom in, zoom out"],
  ["0", "the whole domain"],
  ["g", "go to the thinnest region; again, to the next"],
  ["l", "linear regions: those of one affine map as one"],
  ["Enter", "select the region in the middle"],
  ["b", "select the nearest boundary of that region"],
  ["n  p", "next and previous side of the selected region"],
  ["[  ]", "one snapshot or plane back, one on"],
  ["Space", "play or pause"],
  ["/", "search"],
  ["Esc", "clear the selection"],
  ["t", "light or dark"],
];

export function helpDialog(): HTMLDialogElement {
  const table = el("dl", {});
  for (const [key, text] of KEYS) table.append(el("dt", {}, el("kbd", {}, key)), el("dd", {}, text));
  const dialog = el("dialog", { id: "help", "aria-label": "Keys" }, el("h2", {}, "Keys"), table);
  const close = el("button", { click: () => dialog.close() }, "Close");
  dialog.append(
    el("p", { class: "hint" }, "With a mouse: drag, scroll, click a region or a boundary. With fingers: drag, pinch, tap."),
    close,
  );
  return dialog;
}

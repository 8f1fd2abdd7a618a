/** Mouse, touch and keys on a map. */

import type { Model } from "./model";
import { OUTSIDE } from "./partition";
import type { Pane } from "./pane";

const CLICK_PX = 5;
/** A click this near to a boundary means it, unless the region is small on the screen. */
const NEAR_PX = 4;
const ROOM_PX = 14;
const PAN_PX = 60;

export function listen(pane: Pane, model: Model): void {
  pointers(pane, model);
  pane.marks.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && key(pane, model, event)) event.preventDefault();
  });
  pane.marks.addEventListener("focus", () => {
    pane.cursor = pane.marks.matches(":focus-visible");
    model.changed("view");
  });
  pane.marks.addEventListener("blur", () => {
    pane.cursor = false;
    model.changed("view");
  });
}

/** Select what lies at a pixel: a boundary, or else a region. */
export function ask(pane: Pane, model: Model, px: number, py: number, boundary = false): void {
  const [x, y] = model.camera.toWorld(px, py, pane.width, pane.height);
  const p = pane.partition;
  const region = p.locate(x, y);
  if (region === OUTSIDE) {
    model.select(null);
    return;
  }
  const { depth, corner } = p.depthOf(region, x, y);
  const { scale } = model.camera;
  const near = depth * scale <= NEAR_PX && p.radii[region] * scale >= ROOM_PX;
  const bit = p.sides[corner];
  const shown = model.boundaries !== "none" && bit >= 0 && !model.hidden.has(p.network.units[bit].layer);
  if ((boundary && bit >= 0) || (near && shown)) model.select({ series: pane.series, key: null, bit, corner });
  else model.selectRegion(pane.series, region);
}

function pointers(pane: Pane, model: Model): void {
  const down = new Map<number, [number, number]>();
  let moved = 0;
  const { camera } = model;
  const at = (event: MouseEvent): [number, number] => {
    const box = pane.marks.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  pane.marks.addEventListener("pointerdown", (event) => {
    pane.marks.setPointerCapture(event.pointerId);
    if (!down.size) moved = 0;
    down.set(event.pointerId, at(event));
    pane.cursor = false;
  });
  pane.marks.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    moved += Math.abs(dx) + Math.abs(dy);
    if (down.size === 1 && moved > CLICK_PX) camera.pan(dx, dy, pane.width, pane.height);
    if (down.size === 2) {
      const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      const spread = (p: [number, number]) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      camera.zoom(spread(now) / Math.max(1, spread(before)), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2, pane.width, pane.height);
      camera.pan(dx / 2, dy / 2, pane.width, pane.height);
    }
    down.set(event.pointerId, now);
    model.changed("view");
  });
  const up = (event: PointerEvent) => {
    if (!down.delete(event.pointerId)) return;
    if (event.type === "pointerup" && !down.size && moved <= CLICK_PX) ask(pane, model, ...at(event), event.shiftKey);
  };
  pane.marks.addEventListener("pointerup", up);
  pane.marks.addEventListener("pointercancel", up);
  pane.marks.addEventListener("dblclick", (event) => {
    camera.zoom(2.5, ...at(event), pane.width, pane.height);
    model.changed("view");
  });
  pane.marks.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const step = event.deltaMode === 1 ? 16 * event.deltaY : event.deltaY;
      camera.zoom(Math.exp(-Math.max(-200, Math.min(200, step)) * 0.0022), ...at(event), pane.width, pane.height);
      model.changed("view");
    },
    { passive: false },
  );
}

/** Whether the key meant something. */
function key(pane: Pane, model: Model, event: KeyboardEvent): boolean {
  const { camera } = model;
  const { width, height } = pane;
  const step = event.shiftKey ? 3 * PAN_PX : PAN_PX;
  const moves: Record<string, [number, number]> = {
    ArrowLeft: [step, 0],
    ArrowRight: [-step, 0],
    ArrowUp: [0, step],
    ArrowDown: [0, -step],
  };
  pane.cursor = true;
  if (event.key in moves) camera.pan(...moves[event.key], width, height);
  else if (event.key === "+" || event.key === "=") camera.zoom(1.5, width / 2, height / 2, width, height);
  else if (event.key === "-" || event.key === "_") camera.zoom(1 / 1.5, width / 2, height / 2, width, height);
  else if (event.key === "0" || event.key === "Home") camera.fit(width, height);
  else if (event.key === "Enter") ask(pane, model, width / 2, height / 2);
  else if (event.key === "b") ask(pane, model, width / 2, height / 2, true);
  else if (event.key === "n" || event.key === "p") walk(pane, model, event.key === "n" ? 1 : -1);
  else if (event.key === "Escape") model.select(null);
  else return false;
  model.changed("view");
  return true;
}

/** Go around the sides of the selected region: the next side, with its unit. */
function walk(pane: Pane, model: Model, step: number): void {
  const p = pane.partition;
  const region = model.selected(p);
  if (region === OUTSIDE) return;
  const [first, end] = [p.offsets[region], p.offsets[region + 1]];
  const count = end - first;
  const corner = model.selection!.corner;
  let at = corner !== null && corner >= first && corner < end ? corner - first : step > 0 ? -1 : 0;
  for (let i = 0; i < count; i++) {
    at = (at + step + count) % count;
    if (p.sides[first + at] >= 0) break;
  }
  const bit = p.sides[first + at];
  if (bit >= 0) model.select({ series: pane.series, key: p.key(region), bit, corner: first + at });
}

/** The view in the URL fragment: whoever opens the link sees the same. */

import { keyOf } from "./code";
import type { Boundaries, Layout, Model } from "./model";
import type { Mode } from "./modes";
import { AXES } from "./solid";

const LAYOUTS: Layout[] = ["first", "second", "split", "overlay"];
const BOUNDARIES: Boundaries[] = ["layers", "plain", "none"];

export function write(model: Model): string {
  const { camera } = model;
  const fields: Record<string, string> = {
    x: String(camera.x),
    y: String(camera.y),
    // Of the domain's size, so that a view does not depend on the window.
    zoom: String(Number((camera.scale * camera.size).toPrecision(6))),
    color: model.mode,
    lines: model.boundaries,
  };
  if (model.merged) fields.linear = "1";
  if (model.output) fields.output = String(model.output);
  if (model.hidden.size) fields.hide = [...model.hidden].map((layer) => layer + 1).join(",");
  if (model.points) fields.points = model.mistakes ? "2" : "1";
  if (model.numFrames > 1) fields.at = String(model.frame);
  if (model.cutting) [fields.axis, fields.at] = [AXES[model.axis], String(model.position)];
  if (model.comparing) fields.layout = model.layout;
  if (model.selection?.key) {
    const code = model.selectedCode();
    if (code) fields.code = code;
  }
  if (model.selection?.bit !== null && model.selection) fields.bit = String(model.selection.bit);
  if (model.selection) fields.net = String(model.selection.series);
  return `#${new URLSearchParams(fields)}`;
}

/** Takes over what a fragment says; what makes no sense is left as it is. */
export function read(model: Model, fragment: string): boolean {
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  const number = (name: string) => {
    const value = fields.get(name);
    return value !== null && value !== "" && Number.isFinite(Number(value)) ? Number(value) : null;
  };
  const pick = <T extends string>(name: string, allowed: readonly T[], set: (value: T) => void) => {
    const value = fields.get(name) as T;
    if (allowed.includes(value)) set(value);
  };
  pick<Mode>("color", model.modes, (value) => (model.mode = value));
  pick<Boundaries>("lines", BOUNDARIES, (value) => (model.boundaries = value));
  if (model.comparing) pick<Layout>("layout", LAYOUTS, (value) => (model.layout = value));
  model.merged = fields.get("linear") === "1";
  model.output = Math.max(0, Math.min(model.partition(0).numOutputs - 1, Math.floor(number("output") ?? 0)));
  const depth = model.partition(0).network.depth;
  for (const layer of (fields.get("hide") ?? "").split(",").map(Number)) {
    if (Number.isInteger(layer) && layer >= 1 && layer <= depth) model.hidden.add(layer - 1);
  }
  if (fields.has("points")) [model.points, model.mistakes] = [true, fields.get("points") !== "1"];
  const at = number("at");
  if (model.cutting) pick("axis", AXES, (value) => model.setPlane(AXES.indexOf(value), at ?? model.position));
  else if (at !== null) model.frame = Math.max(0, Math.min(model.numFrames - 1, Math.floor(at)));
  readSelection(model, fields.get("code"), number("bit"), number("net") ?? 0);
  const [x, y, zoom] = [number("x"), number("y"), number("zoom")];
  if (x === null || y === null || zoom === null || zoom <= 0) return false;
  Object.assign(model.camera, { x, y, scale: zoom / model.camera.size });
  return true;
}

function readSelection(model: Model, code: string | null, bit: number | null, series: number): void {
  if (!(series in model.header.series)) return;
  const p = model.partition(series);
  const key = code ? keyOf(p.network, code) : null;
  const known = bit !== null && Number.isInteger(bit) && bit >= 0 && bit < p.network.units.length;
  if (key !== null || known) model.selection = { series, key, bit: known ? bit : null, corner: null };
}

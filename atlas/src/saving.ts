/** The view as a file: pixels as PNG, shapes as SVG or PDF. */

import { download } from "./dom";
import { FULL_PX } from "./gl";
import { drawMarks } from "./marks";
import { SIDE, polygonsOf, sidesOf } from "./mesh";
import type { Model } from "./model";
import type { Coloring } from "./modes";
import { short } from "./numbers";
import type { Pane } from "./pane";
import { css } from "./palette";
import { type Gradient, Recorder } from "./recorder";

export type Format = "svg" | "png" | "pdf";

const GAP = 8;
const CAPTION = 24;
/** Pieces of a color map along a region. */
const STOPS = 8;
/** A share of the color map too small to be seen: one color does. */
const FLAT = 0.01;
const TYPES = { svg: "image/svg+xml", png: "image/png", pdf: "application/pdf" } as const;

/** Write the maps that are shown, beside each other, with a line that says what they are. */
export async function save(model: Model, panes: Pane[], format: Format): Promise<void> {
  const name = model.header.title.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "") || "atlas";
  const content = format === "png" ? await pixels(panes) : shapes(model, panes, format);
  download(`${name}.${format}`, content, TYPES[format]);
}

const style = () => getComputedStyle(document.documentElement);

function pixels(panes: Pane[]): Promise<Blob> {
  const ratio = window.devicePixelRatio || 1;
  const width = panes.reduce((sum, pane) => sum + pane.width + GAP, -GAP);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round((panes[0].height + CAPTION) * ratio)];
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  context.fillStyle = style().getPropertyValue("--panel");
  context.fillRect(0, 0, width, panes[0].height + CAPTION);
  let left = 0;
  for (const pane of panes) {
    // What WebGL has drawn is there until the next frame only.
    pane.draw();
    for (const layer of [pane.map, pane.marks]) context.drawImage(layer, left, 0, pane.width, pane.height);
    context.fillStyle = style().getPropertyValue("--ink");
    context.font = "12px system-ui, sans-serif";
    context.fillText(caption(pane), left + 4, pane.height + 16);
    left += pane.width + GAP;
  }
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no picture was made"))), TYPES.png));
}

function caption({ partition: p, coloring }: Pane): string {
  const range = coloring?.range ? `, from ${short(coloring.range.low, 3)} to ${short(coloring.range.high, 3)}` : "";
  return `${p.name}: ${p.count} activation regions; color: ${coloring?.mode ?? "none"}${range}`;
}

function shapes(model: Model, panes: Pane[], format: "svg" | "pdf"): BlobPart {
  const width = panes.reduce((sum, pane) => sum + pane.width + GAP, -GAP);
  const sheet = new Recorder(width, panes[0].height + CAPTION);
  sheet.fillStyle = style().getPropertyValue("--panel");
  sheet.fillRect(0, 0, sheet.width, sheet.height);
  let left = 0;
  for (const pane of panes) {
    pane.draw();
    sheet.inside(left, 0, pane.width, pane.height, () => drawMap(sheet, model, pane));
    sheet.fillStyle = style().getPropertyValue("--ink");
    sheet.font = "12px sans-serif";
    [sheet.textAlign, sheet.textBaseline] = ["left", "alphabetic"];
    sheet.fillText(caption(pane), left + 4, pane.height + 16);
    left += pane.width + GAP;
  }
  return format === "svg" ? sheet.svg(model.header.title) : sheet.pdf(model.header.title);
}

/** Fills, boundaries and marks of one map, as the screen has them. */
function drawMap(sheet: Recorder, model: Model, pane: Pane): void {
  const { camera, header, merged, layout } = model;
  const { width, height } = pane;
  const view = camera.view(width, height);
  const place = (x: number, y: number) => camera.toScreen(x, y, width, height);
  sheet.fillStyle = style().getPropertyValue("--map");
  sheet.fillRect(0, 0, width, height);
  const overlaid = layout === "overlay";
  for (const polygon of polygonsOf(pane.partition, pane.coloring!, header.threshold, view)) {
    sheet.beginPath();
    for (let i = 0; i < polygon.length; i += 3) {
      if (i) sheet.lineTo(...place(polygon[i], polygon[i + 1]));
      else sheet.moveTo(...place(polygon[i], polygon[i + 1]));
    }
    sheet.closePath();
    sheet.fillStyle = paintOf(polygon, pane.coloring!, place);
    sheet.fill();
  }
  for (const series of overlaid ? [0, 1] : [pane.series]) {
    const partition = model.partition(series);
    const color = overlaid ? pane.overlayColor(series) : null;
    const [light, dark] = pane.sideColors(partition, color);
    const sides = sidesOf(partition, pane.coloring!, null, view, [0, 0], merged);
    for (let at = 0; at < sides.length; at += SIDE) {
      const [x0, y0, x1, y1, layer, shade, room] = sides.subarray(at, at + SIDE);
      const [a, b] = [light[layer + 1], dark[layer + 1]];
      const [r, g, b2, alpha] = a.map((v, i) => v + shade * (b[i] - v));
      const shown = alpha * Math.max(0.05, Math.min(1, (room * camera.scale) / FULL_PX));
      if (shown < 0.02) continue;
      sheet.strokeStyle = css([Math.round(r), Math.round(g), Math.round(b2)], Number(shown.toFixed(2)));
      sheet.lineWidth = 0.8;
      sheet.beginPath();
      sheet.moveTo(...place(x0, y0));
      sheet.lineTo(...place(x1, y1));
      sheet.stroke();
    }
  }
  drawMarks(sheet, pane, model, style());
}

/** The color of a polygon; where the value varies on it, it does so along one direction. */
function paintOf(polygon: number[], { palette, smooth }: Coloring, place: (x: number, y: number) => [number, number]): string | Gradient {
  const color = (value: number) => {
    const at = Math.max(0, Math.min(palette.length - 1, smooth ? Math.round(value * (palette.length - 1)) : Math.floor(value * palette.length)));
    return css(palette[at]);
  };
  const corners = Array.from({ length: polygon.length / 3 }, (_, i) => [...place(polygon[3 * i], polygon[3 * i + 1]), polygon[3 * i + 2]]);
  const slope = steepest(corners);
  if (!slope) return color(corners[0][2]);
  const [gx, gy] = slope;
  const size = gx * gx + gy * gy;
  const [x, y, value] = corners[0];
  const along = corners.map((corner) => gx * (corner[0] - x) + gy * (corner[1] - y));
  const [low, high] = [Math.min(...along), Math.max(...along)];
  if (high - low < FLAT) return color(value + (low + high) / 2);
  const at = (t: number): [number, number] => [x + (gx * t) / size, y + (gy * t) / size];
  const stops = Array.from({ length: STOPS + 1 }, (_, i): [number, string] => [i / STOPS, color(value + low + ((high - low) * i) / STOPS)]);
  return { from: at(low), to: at(high), stops };
}

/** Gradient of the affine function with these values, by its largest triangle. */
function steepest(corners: number[][]): [number, number] | null {
  let best: { area: number; slope: [number, number] } | null = null;
  const [ox, oy, ov] = corners[0];
  for (let i = 1; i + 1 < corners.length; i++) {
    const [ax, ay, av] = corners[i].map((v, k) => v - [ox, oy, ov][k]);
    const [bx, by, bv] = corners[i + 1].map((v, k) => v - [ox, oy, ov][k]);
    const area = ax * by - bx * ay;
    if (Math.abs(area) <= (best ? Math.abs(best.area) : 1e-9)) continue;
    best = { area, slope: [(av * by - bv * ay) / area, (ax * bv - bx * av) / area] };
  }
  if (!best || Math.hypot(...best.slope) < 1e-9) return null;
  return best.slope;
}

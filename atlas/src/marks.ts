/** Marks above the map: points, the selected region and its disc, the bent line. */

import { css, layerColor } from "./palette";
import type { Model } from "./model";
import { OUTSIDE, type Partition } from "./partition";
import { cutSegment, cutToRect } from "./clip";
import type { Lines } from "./recorder";
import { drawTicks } from "./ticks";

/** What a map has to say of itself to be marked. */
export interface Marked {
  /** Of the map, in CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly partition: Partition;
  readonly series: number;
  /** Whether the cross in its middle is shown. */
  readonly cursor: boolean;
}

interface Canvas {
  context: Lines;
  pane: Marked;
  model: Model;
}

/** An empty canvas of this size in CSS pixels, whose lines are as sharp as the screen. */
export function emptied(marks: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (marks.width !== w || marks.height !== h) [marks.width, marks.height] = [w, h];
  const context = marks.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

export function drawMarks(context: Lines, pane: Marked, model: Model, style: CSSStyleDeclaration): void {
  const canvas = { context, pane, model };
  if (model.points) drawPoints(canvas, style);
  const partition = pane.partition;
  const bit = model.selection?.bit ?? null;
  if (bit !== null && (model.selection!.series === pane.series || !model.comparing)) drawUnit(canvas, partition, bit);
  const region = model.selected(partition);
  if (region !== OUTSIDE) drawRegion(canvas, partition, region, style);
  drawTicks(context, model.camera, pane.width, pane.height, style.getPropertyValue("--ink"), style.getPropertyValue("--map"));
  if (pane.cursor) drawCursor(canvas, style);
}

function screen({ pane, model }: Canvas, x: number, y: number): [number, number] {
  return model.camera.toScreen(x, y, pane.width, pane.height);
}

function drawPoints(canvas: Canvas, style: CSSStyleDeclaration): void {
  const { context, pane, model } = canvas;
  const { frame } = model;
  // Smaller where they are dense, so that the map stays visible.
  const total = model.header.points.reduce((sum, set) => sum + set.labels.length, 0);
  const room = (model.camera.size * model.camera.scale) / Math.sqrt(Math.max(1, total));
  const dot = Math.max(1.2, Math.min(4, room / 4));
  model.header.points.forEach((set, index) => {
    const count = set.labels.length;
    const color = style.getPropertyValue(index === 0 ? "--train" : "--val");
    for (let i = 0; i < count; i++) {
      const [x, y] = screen(canvas, set.positions[2 * i], set.positions[2 * i + 1]);
      if (x < -4 || y < -4 || x > pane.width + 4 || y > pane.height + 4) continue;
      const wrong = set.mistakes[frame * count + i] === 1;
      if (!wrong || !model.mistakes) {
        context.fillStyle = color;
        context.fillRect(x - dot / 2, y - dot / 2, dot, dot);
        continue;
      }
      context.lineWidth = 3.6;
      cross(context, x, y, style.getPropertyValue("--panel"));
      context.lineWidth = 1.8;
      cross(context, x, y, style.getPropertyValue("--mistake"));
    }
  });
}

function cross(context: Lines, x: number, y: number, color: string): void {
  context.strokeStyle = color;
  context.beginPath();
  context.moveTo(x - 4, y - 4);
  context.lineTo(x + 4, y + 4);
  context.moveTo(x - 4, y + 4);
  context.lineTo(x + 4, y - 4);
  context.stroke();
}

function drawUnit(canvas: Canvas, p: Partition, bit: number): void {
  const { context, pane, model } = canvas;
  const view = model.camera.view(pane.width, pane.height, 1.5);
  context.beginPath();
  for (const k of p.sidesOf(bit)) {
    const n = p.next(p.regionOf(k), k);
    const kept = cutSegment(p.x(k), p.y(k), p.x(n), p.y(n), view);
    if (!kept) continue;
    context.moveTo(...screen(canvas, kept[0], kept[1]));
    context.lineTo(...screen(canvas, kept[2], kept[3]));
  }
  const { layer } = p.network.units[bit];
  context.lineCap = "round";
  context.lineWidth = 6;
  context.strokeStyle = model.dark ? "rgba(0,0,0,0.75)" : "rgba(255,255,255,0.9)";
  context.stroke();
  context.lineWidth = 3;
  context.strokeStyle = css(layerColor(layer, p.network.depth, model.dark));
  context.stroke();
}

/** A path around a region, cut to a little more than the view: far corners lose digits. */
function tracePath(canvas: Canvas, p: Partition, r: number): void {
  const { context, pane, model } = canvas;
  const polygon: number[] = [];
  for (let k = p.offsets[r]; k < p.offsets[r + 1]; k++) polygon.push(p.x(k), p.y(k), 0);
  const kept = cutToRect(polygon, model.camera.view(pane.width, pane.height, 1.5));
  context.beginPath();
  for (let i = 0; i < kept.length; i += 3) {
    const [x, y] = screen(canvas, kept[i], kept[i + 1]);
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.closePath();
}

/** The sides around all activation regions of a linear region. */
function traceUnion(canvas: Canvas, p: Partition, region: number): void {
  const { context, pane, model } = canvas;
  const view = model.camera.view(pane.width, pane.height, 1.5);
  const { first } = p.linear;
  context.beginPath();
  for (let r = 0; r < p.count; r++) {
    if (first[r] !== first[region]) continue;
    for (let k = p.offsets[r]; k < p.offsets[r + 1]; k++) {
      const n = p.next(r, k);
      const kept = p.isJoined(k) ? null : cutSegment(p.x(k), p.y(k), p.x(n), p.y(n), view);
      if (!kept) continue;
      context.moveTo(...screen(canvas, kept[0], kept[1]));
      context.lineTo(...screen(canvas, kept[2], kept[3]));
    }
  }
}

function drawRegion(canvas: Canvas, p: Partition, r: number, style: CSSStyleDeclaration): void {
  const { context, model } = canvas;
  const accent = style.getPropertyValue("--select");
  if (model.merged) traceUnion(canvas, p, r);
  else tracePath(canvas, p, r);
  context.lineJoin = "round";
  context.lineWidth = 5.5;
  context.strokeStyle = model.dark ? "rgba(0,0,0,0.8)" : "rgba(255,255,255,0.95)";
  context.stroke();
  context.lineWidth = 2.5;
  context.strokeStyle = accent;
  context.stroke();
  const [x, y] = screen(canvas, p.centers[2 * r], p.centers[2 * r + 1]);
  const radius = p.radii[r] * model.camera.scale;
  if (radius > 1 && radius < 1e6) {
    for (const [width, color] of [[3.5, model.dark ? "rgba(0,0,0,0.6)" : "rgba(255,255,255,0.8)"], [1.5, accent]] as const) {
      context.setLineDash(width < 2 ? [5, 4] : []);
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = color;
      context.stroke();
    }
    context.setLineDash([]);
  }
  context.fillStyle = accent;
  context.beginPath();
  context.arc(x, y, radius > 8 ? 2.5 : 0, 0, 2 * Math.PI);
  context.fill();
  if (radius < 3) ringAround(context, x, y, accent);
}

/** A circle that finds a region too small to be seen. */
function ringAround(context: Lines, x: number, y: number, color: string): void {
  context.lineWidth = 2;
  context.strokeStyle = color;
  context.beginPath();
  context.arc(x, y, 16, 0, 2 * Math.PI);
  context.stroke();
}

function drawCursor({ context, pane }: Canvas, style: CSSStyleDeclaration): void {
  const [x, y] = [pane.width / 2, pane.height / 2];
  for (const [width, name] of [[4, "--panel"], [1.5, "--ink"]] as const) {
    context.lineWidth = width;
    context.strokeStyle = style.getPropertyValue(name);
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 4 * dx, y + 4 * dy);
      context.lineTo(x + 13 * dx, y + 13 * dy);
    }
    context.stroke();
  }
}

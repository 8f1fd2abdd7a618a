/** One map: a WebGL canvas below, a 2-D canvas for marks above, and what they show. */

import { type Buffers, Painter, type SideColors } from "./gl";
import type { Renderer } from "./gpu";
import { buildMesh } from "./mesh";
import type { Model } from "./model";
import { type Coloring, coloring } from "./modes";
import { drawMarks, emptied } from "./marks";
import { layerColor, type Rgb } from "./palette";
import type { Partition } from "./partition";
import type { Rect } from "./types";

/** Beyond this many views across the domain, float32 would be seen: meshes are cut. */
const DEEP = 1500;
/** The same for large partitions, of which there is no need to draw what is not seen. */
const DEEP_LARGE = 6;
const LARGE = 20000;
const MARGIN = 3;

const LIGHT_INK: Rgb = [236, 238, 242];
const DARK_INK: Rgb = [24, 28, 36];

interface Layer {
  buffers: Buffers;
  partition: Partition;
  /** Of a mesh that was cut: where, and at which scale. */
  rect: Rect | null;
  scale: number;
}

export class Pane {
  readonly element = document.createElement("div");
  readonly map: HTMLCanvasElement;
  readonly marks = document.createElement("canvas");
  readonly title = document.createElement("div");
  coloring: Coloring | null = null;
  private readonly painter: Painter;
  private layers: Layer[] = [];
  private stale = true;
  cursor = false;

  constructor(
    private readonly model: Model,
    public series: number,
    renderer: Renderer,
  ) {
    this.map = renderer.canvas;
    this.element.className = "pane";
    this.title.className = "pane-title";
    this.map.setAttribute("aria-hidden", "true");
    this.marks.tabIndex = 0;
    this.marks.setAttribute("role", "application");
    this.element.append(this.map, this.marks, this.title);
    this.painter = new Painter(renderer);
  }

  get width(): number {
    return Math.max(1, this.element.clientWidth);
  }

  get height(): number {
    return Math.max(1, this.element.clientHeight);
  }

  get partition(): Partition {
    return this.model.partition(this.series);
  }

  /** Make meshes and colors anew when next drawn. */
  invalidate(): void {
    this.stale = true;
  }

  private settings() {
    const { mode, output, dark, merged, header } = this.model;
    return { mode, output, dark, merged, threshold: header.threshold };
  }

  private refresh(): void {
    const { model } = this;
    const { camera } = model;
    const limit = this.partition.count > LARGE ? DEEP_LARGE : DEEP;
    const deep = (camera.size * camera.scale) / Math.min(this.width, this.height) > limit;
    const view = camera.view(this.width, this.height);
    if (!this.stale && this.layers.every((layer) => isFit(layer, deep, view, camera.scale))) return;
    for (const layer of this.layers) this.painter.free(layer.buffers);
    const series = model.layout === "overlay" ? [0, 1] : [this.series];
    const rect = deep ? camera.view(this.width, this.height, MARGIN) : null;
    const { domain } = model;
    const origin: [number, number] = deep
      ? [camera.x, camera.y]
      : [(domain.x0 + domain.x1) / 2, (domain.y0 + domain.y1) / 2];
    this.layers = series.map((s) => {
      const partition = model.partition(s);
      const colors = coloring(partition, this.settings(), model.other(s), s === 1);
      if (s === this.series) this.coloring = colors;
      const mesh = buildMesh(partition, colors, model.header.threshold, rect, origin, model.merged);
      return { buffers: this.painter.upload(mesh), partition, rect, scale: camera.scale };
    });
    if (this.coloring) this.painter.setFillPalette(this.coloring.palette, this.coloring.smooth);
    this.stale = false;
  }

  draw(): void {
    const { model, width, height } = this;
    this.refresh();
    const style = getComputedStyle(document.documentElement);
    this.painter.clear(width, height, rgb(style.getPropertyValue("--map")));
    const [base, above] = this.layers;
    // Under the lines of two networks the fill steps back.
    this.painter.fill(base.buffers, model.camera, width, height, above ? 0.4 : 1);
    this.drawSides(base, this.sideColors(base.partition, null), width, height);
    if (above) {
      this.drawSides(base, this.sideColors(base.partition, this.overlayColor(0)), width, height);
      this.drawSides(above, this.sideColors(above.partition, this.overlayColor(1)), width, height);
    }
    drawMarks(emptied(this.marks, width, height), this, model, style);
  }

  /** Lines are thinner where regions are small; `gl.ts` lets them fade one by one. */
  private drawSides(layer: Layer, colors: SideColors, width: number, height: number): void {
    const { camera } = this.model;
    const { mesh } = layer.buffers;
    const span = layer.rect ? layer.rect.x1 - layer.rect.x0 : camera.size;
    const tall = layer.rect ? layer.rect.y1 - layer.rect.y0 : camera.size;
    const pixels = Math.sqrt((span * tall * camera.scale ** 2) / Math.max(1, mesh.regions));
    const line = Math.max(0.8, Math.min(1.6, pixels / 30));
    this.painter.sides(layer.buffers, camera, width, height, colors, line);
  }

  /** Of the boundaries of either of two networks on one map. */
  overlayColor(series: number): Rgb {
    return rgb(getComputedStyle(document.documentElement).getPropertyValue(series ? "--born" : "--lost"));
  }

  /** Colors of sides by layer, the rim first: on a light fill, and on a dark one. */
  sideColors(partition: Partition, one: Rgb | null): SideColors {
    const { boundaries, hidden } = this.model;
    const depth = partition.network.depth;
    const row = (dark: boolean) => {
      const ink = dark ? LIGHT_INK : DARK_INK;
      // The rim is seen against the ground, not against the fill.
      const rim: [number, number, number, number] = [...(this.model.dark ? LIGHT_INK : DARK_INK), 0.9];
      const layers = partition.network.widths.map((_, layer): [number, number, number, number] => {
        const color = one ?? (boundaries === "layers" ? layerColor(layer, depth, dark) : ink);
        const shown = boundaries !== "none" && !hidden.has(layer);
        return [...color, shown ? (boundaries === "layers" || one ? 0.95 : 0.5) : 0];
      });
      return [rim, ...layers];
    };
    return [row(false), row(true)];
  }
}

function isFit(layer: Layer, deep: boolean, view: Rect, scale: number): boolean {
  if (!deep || !layer.rect) return !deep && !layer.rect;
  const { rect } = layer;
  const inside = view.x0 >= rect.x0 && view.x1 <= rect.x1 && view.y0 >= rect.y0 && view.y1 <= rect.y1;
  return inside && scale < 8 * layer.scale;
}

/** A color of a style sheet, which writes them as #rrggbb. */
export function rgb(text: string): Rgb {
  const value = parseInt(text.trim().slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

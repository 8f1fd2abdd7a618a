/** The 3-D domain with the plane that the map shows and the decision surface, turned by hand. */

import type { Geometry, Topology } from "pixi.js";
import { download, el } from "./dom";
import { Program, type Renderer, begin, geometry } from "./gpu";
import type { Model } from "./model";
import { rgb } from "./pane";
import { kept } from "./solid";
import type { Header } from "./types";

const VERTEX = `
precision highp float;
attribute vec3 at, normal;
uniform mat3 turn;
uniform float aspect, flatness;
varying vec3 facing;
varying float deep;
void main() {
  vec3 p = turn * at;
  facing = turn * normal;
  deep = p.z;
  float w = 4.8 - p.z;
  gl_Position = vec4(p.x * 2.3 / max(aspect, 1.0) , p.y * 2.3 * min(aspect, 1.0), (-p.z * 0.3) * w, w);
}`;

const FRAGMENT = `
precision highp float;
uniform vec4 color;
uniform float flatness;
varying vec3 facing;
varying float deep;
void main() {
  float light = 0.35 + 0.65 * abs(normalize(facing + vec3(0.0, 0.0, 1e-6)).z);
  float fade = clamp(0.9 + 0.25 * deep, 0.6, 1.1);
  float shade = mix(light * fade, 1.0, flatness);
  gl_FragColor = vec4(color.rgb * shade * color.a, color.a);
}`;

const ATTRIBUTES = { at: { format: "float32x3", offset: 0 }, normal: { format: "float32x3", offset: 3 } } as const;

export class SurfaceView {
  readonly element = el("section", { id: "surface", "aria-label": "Domain" });
  private readonly canvas: HTMLCanvasElement;
  private readonly program: Program;
  private readonly box: Geometry;
  private readonly mesh: Geometry | null;
  /** Where the plane was drawn last, filled and as a line. */
  private drawn: { axis: number; position: number; parts: [Geometry, Geometry] } | null = null;
  private yaw = 0.6;
  private pitch = 0.45;
  private readonly middle: number[];
  private readonly half: number;

  constructor(
    private readonly model: Model,
    private readonly renderer: Renderer,
    redraw: () => void,
  ) {
    const { lower, upper } = model.header.domain;
    this.middle = lower.map((v, i) => (v + upper[i]) / 2);
    this.half = Math.max(...upper.map((v, i) => v - lower[i])) / 2;
    const surface = model.header.surface?.triangles.length ? model.header.surface : null;
    const bar = el(
      "div",
      { class: "row" },
      el("h2", {}, surface ? `Decision surface${model.comparing ? ` of ${model.solid(0)!.name}` : ""}` : "Plane in the domain"),
      surface && el("button", { id: "ply", click: () => download("surface.ply", this.ply(), "model/ply") }, "Save PLY"),
    );
    this.canvas = renderer.canvas;
    const label = "The domain with the plane and the decision surface; arrow keys turn it";
    for (const [name, value] of Object.entries({ tabindex: "0", role: "img", "aria-label": label })) this.canvas.setAttribute(name, value);
    this.element.append(bar, this.canvas);
    this.program = new Program(renderer, VERTEX, FRAGMENT, { turn: "mat3x3<f32>", aspect: "f32", flatness: "f32", color: "vec4<f32>" });
    this.box = flat(boxEdges(this.corners()), "line-list");
    this.mesh = surface && this.buffers(surface);
    this.listen(redraw);
  }

  private listen(redraw: () => void): void {
    let last: [number, number] | null = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      last = [event.clientX, event.clientY];
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      this.turn((event.clientX - last[0]) * 0.01, (event.clientY - last[1]) * 0.01);
      last = [event.clientX, event.clientY];
      redraw();
    });
    this.canvas.addEventListener("pointerup", () => (last = null));
    this.canvas.addEventListener("keydown", (event) => {
      const turns: Record<string, [number, number]> = {
        ArrowLeft: [-0.15, 0],
        ArrowRight: [0.15, 0],
        ArrowUp: [0, -0.15],
        ArrowDown: [0, 0.15],
      };
      if (!(event.key in turns)) return;
      event.preventDefault();
      this.turn(...turns[event.key]);
      redraw();
    });
  }

  private turn(yaw: number, pitch: number): void {
    this.yaw += yaw;
    this.pitch = Math.max(-1.5, Math.min(1.5, this.pitch + pitch));
  }

  private unit(point: ArrayLike<number>): [number, number, number] {
    return [0, 1, 2].map((i) => (point[i] - this.middle[i]) / this.half) as [number, number, number];
  }

  private buffers({ vertices, triangles }: NonNullable<Header["surface"]>): Geometry {
    const data = new Float32Array(6 * triangles.length);
    for (let t = 0; t < triangles.length; t += 3) {
      const [a, b, c] = [0, 1, 2].map((i) => this.unit(vertices.subarray(3 * triangles[t + i], 3 * triangles[t + i] + 3)));
      const [u, v] = [b.map((w, i) => w - a[i]), c.map((w, i) => w - a[i])];
      const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
      const length = Math.hypot(...n) || 1;
      [a, b, c].forEach((corner, i) => data.set([...corner, ...n.map((w) => w / length)], 6 * (t + i)));
    }
    return geometry(data, 6, ATTRIBUTES, "triangle-list");
  }

  /** Column by column: the third coordinate points up. */
  private rotation(): number[] {
    const [cy, sy, cp, sp] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.cos(this.pitch), Math.sin(this.pitch)];
    return [cy, sy * sp, -sy * cp, sy, -cy * sp, cy * cp, 0, cp, sp];
  }

  draw(): void {
    const [width, height] = [Math.max(1, this.canvas.clientWidth), Math.max(1, this.canvas.clientHeight)];
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => rgb(style.getPropertyValue(name));
    begin(this.renderer, width, height, color("--map"));
    const part = (what: Geometry, name: string, alpha: number, flatness: number, write: boolean) => {
      const tint = [...color(name).map((v) => v / 255), alpha];
      this.program.draw(what, { turn: this.rotation(), aspect: width / height, flatness, color: tint }, { write });
    };
    part(this.box, "--muted", 1, 1, true);
    if (this.mesh) part(this.mesh, "--surface", 1, 0, true);
    const [fill, rim] = this.planeParts();
    part(fill, "--select", 0.28, 1, false);
    part(rim, "--select", 1, 1, true);
  }

  private planeParts(): [Geometry, Geometry] {
    const { axis, position } = this.model;
    if (this.drawn?.axis === axis && this.drawn.position === position) return this.drawn.parts;
    for (const old of this.drawn?.parts ?? []) old.destroy(true);
    const plane = this.plane();
    const corners = (order: number[]) => order.map((i) => plane[i]);
    const parts: [Geometry, Geometry] = [
      flat(corners([0, 1, 2, 0, 2, 3]), "triangle-list"),
      flat(corners([0, 1, 1, 2, 2, 3, 3, 0]), "line-list"),
    ];
    this.drawn = { axis, position, parts };
    return parts;
  }

  private corners(): number[][] {
    const { lower, upper } = this.model.header.domain;
    return Array.from({ length: 8 }, (_, i) => this.unit([0, 1, 2].map((axis) => ((i >> axis) & 1 ? upper : lower)[axis])));
  }

  private plane(): number[][] {
    const { lower, upper } = this.model.header.domain;
    const { axis, position } = this.model;
    const [u, v] = kept(axis);
    return [[0, 0], [1, 0], [1, 1], [0, 1]].map(([i, j]) => {
      const point = [0, 0, 0];
      point[axis] = position;
      point[u] = i ? upper[u] : lower[u];
      point[v] = j ? upper[v] : lower[v];
      return this.unit(point);
    });
  }

  /** The mesh as ASCII PLY with float64 corners. */
  private ply(): string {
    const { vertices, triangles } = this.model.header.surface!;
    const lines = ["ply", "format ascii 1.0", `element vertex ${vertices.length / 3}`];
    lines.push(...["x", "y", "z"].map((name) => `property double ${name}`));
    lines.push(`element face ${triangles.length / 3}`, "property list uchar int vertex_indices", "end_header");
    for (let i = 0; i < vertices.length; i += 3) lines.push(vertices.subarray(i, i + 3).join(" "));
    for (let i = 0; i < triangles.length; i += 3) lines.push(`3 ${triangles.subarray(i, i + 3).join(" ")}`);
    return `${lines.join("\n")}\n`;
  }
}

/** Points that are drawn in one color, whatever way they face. */
function flat(points: number[][], topology: Topology): Geometry {
  return geometry(Float32Array.from(points.flatMap((point) => [...point, 0, 0, 1])), 6, ATTRIBUTES, topology);
}

function boxEdges(corners: number[][]): number[][] {
  const edges: number[][] = [];
  for (let i = 0; i < 8; i++) for (const axis of [1, 2, 4]) if (!(i & axis)) edges.push(corners[i], corners[i | axis]);
  return edges;
}

/** The 3-D domain with the plane that the map shows and the decision surface, turned by hand. */

import createRegl, { type Regl } from "regl";
import { download, el } from "./dom";
import type { Model } from "./model";
import { rgb } from "./pane";
import { kept } from "./solid";

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

export class SurfaceView {
  readonly element = el("section", { id: "surface", "aria-label": "Domain" });
  private readonly canvas = el("canvas", { tabindex: "0", role: "img", "aria-label": "The domain with the plane and the decision surface; arrow keys turn it" });
  private readonly regl: Regl;
  private readonly draw3: createRegl.DrawCommand;
  private readonly mesh: { at: createRegl.Buffer; normal: createRegl.Buffer; count: number };
  private yaw = 0.6;
  private pitch = 0.45;
  private readonly middle: number[];
  private readonly half: number;

  constructor(
    private readonly model: Model,
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
    this.element.append(bar, this.canvas);
    this.regl = createRegl({ canvas: this.canvas, attributes: { antialias: true, alpha: false } });
    this.mesh = this.buffers();
    const prop = (name: string) => this.regl.prop<Record<string, unknown>, string>(name as never);
    this.draw3 = this.regl({
      vert: VERTEX,
      frag: FRAGMENT,
      attributes: { at: prop("at"), normal: prop("normal") } as never,
      count: prop("count") as never,
      primitive: prop("primitive") as never,
      uniforms: { turn: prop("turn"), aspect: prop("aspect"), color: prop("color"), flatness: prop("flatness") } as never,
      blend: { enable: true, func: { src: "one", dst: "one minus src alpha" } },
      depth: { enable: true, mask: prop("opaque") as never },
    } as never);
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

  private buffers() {
    const { vertices, triangles } = this.model.header.surface ?? { vertices: new Float64Array(), triangles: new Int32Array() };
    const at = new Float32Array(3 * triangles.length);
    const normal = new Float32Array(3 * triangles.length);
    for (let t = 0; t < triangles.length; t += 3) {
      const [a, b, c] = [0, 1, 2].map((i) => this.unit(vertices.subarray(3 * triangles[t + i], 3 * triangles[t + i] + 3)));
      const [u, v] = [b.map((w, i) => w - a[i]), c.map((w, i) => w - a[i])];
      const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
      const length = Math.hypot(...n) || 1;
      [a, b, c].forEach((corner, i) => {
        at.set(corner, 3 * (t + i));
        normal.set(n.map((w) => w / length), 3 * (t + i));
      });
    }
    return { at: this.regl.buffer(at), normal: this.regl.buffer(normal), count: triangles.length };
  }

  /** Column by column: the third coordinate points up. */
  private rotation(): number[] {
    const [cy, sy, cp, sp] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.cos(this.pitch), Math.sin(this.pitch)];
    return [cy, sy * sp, -sy * cp, sy, -cy * sp, cy * cp, 0, cp, sp];
  }

  draw(): void {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.max(1, this.canvas.clientWidth), Math.max(1, this.canvas.clientHeight)];
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    this.regl.poll();
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => rgb(style.getPropertyValue(name)).map((v) => v / 255);
    this.regl.clear({ color: [...color("--map"), 1] as [number, number, number, number], depth: 1 });
    const common = { turn: this.rotation(), aspect: width / height };
    const lines = (points: number[][], ink: number[], alpha: number, primitive: string) =>
      this.draw3({ ...common, at: points, normal: points.map(() => [0, 0, 1]), count: points.length, primitive, color: [...ink, alpha], flatness: 1, opaque: primitive === "lines" });
    lines(boxEdges(this.corners()), color("--muted"), 1, "lines");
    if (this.mesh.count) this.draw3({ ...common, ...this.mesh, primitive: "triangles", color: [...color("--surface"), 1], flatness: 0, opaque: true });
    const plane = this.plane();
    lines([0, 1, 2, 0, 2, 3].map((i) => plane[i]), color("--select"), 0.28, "triangles");
    lines([0, 1, 1, 2, 2, 3, 3, 0].map((i) => plane[i]), color("--select"), 1, "lines");
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

function boxEdges(corners: number[][]): number[][] {
  const edges: number[][] = [];
  for (let i = 0; i < 8; i++) for (const axis of [1, 2, 4]) if (!(i & axis)) edges.push(corners[i], corners[i | axis]);
  return edges;
}

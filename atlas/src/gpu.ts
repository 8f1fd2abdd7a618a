/** PixiJS as this page uses it: shaders on buffers, drawn when asked, without a scene. */

// In place of functions that PixiJS compiles from text, which the page's policy forbids.
import "pixi.js/unsafe-eval";
import { Buffer, BufferImageSource, BufferUsage, Geometry, GlProgram, Shader, State, Ticker, type Topology, UniformGroup, type VertexFormat, WebGLRenderer } from "pixi.js";
import type { Rgb } from "./palette";

export type Renderer = WebGLRenderer<HTMLCanvasElement>;

/** A renderer that draws into a canvas, or an error that speaks of WebGL. */
export async function openRenderer(canvas: HTMLCanvasElement): Promise<Renderer> {
  // The page draws when something has changed, and not in a loop.
  Ticker.system.autoStart = false;
  Ticker.system.stop();
  const renderer = new WebGLRenderer<HTMLCanvasElement>();
  await renderer.init({
    canvas,
    width: 1,
    height: 1,
    antialias: true,
    skipExtensionImports: true,
    gcActive: false,
  });
  return renderer;
}

/** Begin a picture of this size in CSS pixels, on a ground of one color. */
export function begin(renderer: Renderer, width: number, height: number, ground: Rgb): void {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  const { canvas } = renderer;
  if (canvas.width !== w || canvas.height !== h) renderer.resize(w, h, 1);
  const [r, g, b] = ground.map((v) => v / 255);
  renderer.renderTarget.renderStart({ target: renderer.view.renderTarget, clear: true, clearColor: [r, g, b, 1] });
}

export type Attributes = Record<string, { format: VertexFormat; offset: number }>;

/** Vertices with interleaved attributes, `stride` numbers each. */
export function geometry(data: Float32Array, stride: number, attributes: Attributes, topology: Topology, indices?: Uint32Array): Geometry {
  // Nothing to draw is still a buffer of something.
  const buffer = new Buffer({ data: data.length ? data : new Float32Array(stride), usage: BufferUsage.VERTEX | BufferUsage.COPY_DST });
  const entries = Object.entries(attributes).map(([name, { format, offset }]) => [name, { buffer, format, stride: 4 * stride, offset: 4 * offset }]);
  const indexBuffer = indices && new Buffer({ data: indices, usage: BufferUsage.INDEX | BufferUsage.COPY_DST });
  return new Geometry({ attributes: Object.fromEntries(entries), indexBuffer, topology });
}

/** A row or two of colors, read by shaders. */
export function texture(data: Uint8Array, width: number, height: number, smooth: boolean): BufferImageSource {
  return new BufferImageSource({
    resource: data,
    width,
    height,
    format: "rgba8unorm",
    alphaMode: "no-premultiply-alpha",
    scaleMode: smooth ? "linear" : "nearest",
    addressMode: "clamp-to-edge",
  });
}

type Kind = "f32" | "vec2<f32>" | "vec4<f32>" | "mat3x3<f32>";
type Value = number | number[];

const SIZES = { "vec2<f32>": 2, "vec4<f32>": 4, "mat3x3<f32>": 9 } as const;

/** A pair of shaders with the uniforms and the texture that they read. */
export class Program {
  private readonly uniforms: UniformGroup;
  private readonly shader: Shader;

  constructor(
    private readonly renderer: Renderer,
    vertex: string,
    fragment: string,
    kinds: Record<string, Kind>,
    palette?: BufferImageSource,
  ) {
    const entries = Object.entries(kinds).map(([name, type]) => [name, { type, value: type === "f32" ? 0 : new Float32Array(SIZES[type]) }]);
    this.uniforms = new UniformGroup(Object.fromEntries(entries));
    const glProgram = new GlProgram({ vertex, fragment });
    this.shader = new Shader({ glProgram, resources: { uniforms: this.uniforms, ...(palette && { palette }) } });
  }

  setPalette(palette: BufferImageSource): void {
    this.shader.resources.palette = palette;
  }

  draw(geometry: Geometry, values: Record<string, Value>, depth?: { write: boolean }): void {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === "number") this.uniforms.uniforms[name] = value;
      else (this.uniforms.uniforms[name] as Float32Array).set(value);
    }
    this.uniforms.update();
    const state = new State();
    state.depthTest = depth !== undefined;
    state.depthMask = depth?.write ?? true;
    this.renderer.encoder.draw({ geometry, shader: this.shader, state });
  }
}

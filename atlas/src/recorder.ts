/** A canvas that remembers what is drawn on it, and writes it as SVG or PDF. */

type Point = [number, number];

/** Colors along a line, as positions from 0 to 1. */
export interface Gradient {
  from: Point;
  to: Point;
  stops: [number, string][];
}

/** What maps are drawn on: a canvas, or a picture in a file. */
export interface Lines {
  fillStyle: unknown;
  strokeStyle: unknown;
  lineWidth: number;
  lineCap: unknown;
  lineJoin: unknown;
  font: string;
  textAlign: unknown;
  textBaseline: unknown;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  setLineDash(dash: number[]): void;
  fill(): void;
  stroke(): void;
  fillText(text: string, x: number, y: number): void;
  strokeText(text: string, x: number, y: number): void;
}

interface Painted {
  path: string[];
  fill: string | Gradient | null;
  stroke: string | null;
  width: number;
  dash: number[];
  text: { words: string; at: Point; size: number; align: string; baseline: string } | null;
  /** Beginning of a part that is cut to a rectangle, or its end. */
  clip: [number, number, number, number] | "end" | null;
}

const EMPTY: Painted = { path: [], fill: null, stroke: null, width: 1, dash: [], text: null, clip: null };

/** Control points of a quarter of a circle, of its radius. */
const QUARTER = 0.5522847498;

const round = (value: number): string => String(Number(value.toFixed(2)));

interface Color {
  rgb: [number, number, number];
  alpha: number;
}

function parse(color: string): Color {
  const text = color.trim();
  if (text.startsWith("#")) return { rgb: [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16)) as Color["rgb"], alpha: 1 };
  const [r, g, b, alpha = 1] = (text.match(/[\d.]+/g) ?? ["0", "0", "0"]).map(Number);
  return { rgb: [r, g, b], alpha };
}

export class Recorder implements Lines {
  fillStyle: string | Gradient = "#000000";
  strokeStyle = "#000000";
  lineWidth = 1;
  lineCap = "butt";
  lineJoin = "miter";
  font = "";
  textAlign = "left";
  textBaseline = "alphabetic";
  private path: string[] = [];
  private offset: Point = [0, 0];
  private dash: number[] = [];
  private readonly items: Painted[] = [];

  constructor(
    readonly width: number,
    readonly height: number,
  ) {}

  /** What is drawn is moved into a rectangle, and ends there. */
  inside(x: number, y: number, width: number, height: number, draw: () => void): void {
    this.items.push({ ...EMPTY, clip: [x, y, width, height] });
    this.offset = [x, y];
    draw();
    this.offset = [0, 0];
    this.items.push({ ...EMPTY, clip: "end" });
  }

  beginPath(): void {
    this.path = [];
  }

  moveTo(x: number, y: number): void {
    this.path.push(`M ${this.at(x, y)}`);
  }

  lineTo(x: number, y: number): void {
    this.path.push(`L ${this.at(x, y)}`);
  }

  closePath(): void {
    this.path.push("Z");
  }

  /** A whole circle. */
  arc(x: number, y: number, radius: number, _from: number, _to: number): void {
    const c = QUARTER * radius;
    const curve = (a: number, b: number, c1: number, d: number, e: number, f: number) =>
      this.path.push(`C ${this.at(a, b)} ${this.at(c1, d)} ${this.at(e, f)}`);
    this.moveTo(x + radius, y);
    curve(x + radius, y + c, x + c, y + radius, x, y + radius);
    curve(x - c, y + radius, x - radius, y + c, x - radius, y);
    curve(x - radius, y - c, x - c, y - radius, x, y - radius);
    curve(x + c, y - radius, x + radius, y - c, x + radius, y);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.beginPath();
    this.moveTo(x, y);
    this.lineTo(x + width, y);
    this.lineTo(x + width, y + height);
    this.lineTo(x, y + height);
    this.closePath();
    this.fill();
  }

  setLineDash(dash: number[]): void {
    this.dash = dash;
  }

  fill(): void {
    const { fillStyle: fill } = this;
    this.add({ fill: typeof fill === "string" ? fill : { ...fill, from: this.moved(fill.from), to: this.moved(fill.to) } });
  }

  stroke(): void {
    this.add({ stroke: this.strokeStyle, width: this.lineWidth, dash: this.dash });
  }

  fillText(words: string, x: number, y: number): void {
    const size = Number(/([\d.]+)px/.exec(this.font)?.[1] ?? 11);
    this.add({ path: [], fill: this.fillStyle, text: { words, at: this.moved([x, y]), size, align: this.textAlign, baseline: this.textBaseline } });
  }

  /** The halo of a text, which paper does not need. */
  strokeText(): void {}

  private at(x: number, y: number): string {
    return `${round(x + this.offset[0])} ${round(y + this.offset[1])}`;
  }

  private moved([x, y]: Point): Point {
    return [x + this.offset[0], y + this.offset[1]];
  }

  private add(item: Partial<Painted>): void {
    this.items.push({ ...EMPTY, path: this.path, ...item });
  }

  svg(title: string): string {
    const defs: string[] = [];
    const body = this.items.map((item) => {
      if (item.clip === "end") return "</g>";
      if (item.clip) return `<g clip-path="url(#c${defs.push(svgClip(item.clip, defs.length)) - 1})">`;
      if (item.text) return svgText(item);
      const fill = item.fill === null ? 'fill="none"' : typeof item.fill === "string" ? paint("fill", item.fill) : `fill="url(#g${defs.push(svgGradient(item.fill, defs.length)) - 1})"`;
      const dash = item.dash.length ? ` stroke-dasharray="${item.dash.join(" ")}"` : "";
      const stroke = item.stroke ? ` ${paint("stroke", item.stroke)} stroke-width="${round(item.width)}" stroke-linejoin="round" stroke-linecap="round"${dash}` : "";
      return `<path d="${item.path.join("")}" ${fill}${stroke}/>`;
    });
    const size = `width="${round(this.width)}" height="${round(this.height)}" viewBox="0 0 ${round(this.width)} ${round(this.height)}"`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n<title>${escape(title)}</title>\n<defs>${defs.join("")}</defs>\n${body.join("\n")}\n</svg>\n`;
  }

  /** One page, its drawing not compressed. */
  pdf(title: string): Uint8Array<ArrayBuffer> {
    const shadings: string[] = [];
    const alphas = new Map<string, string>();
    const gate = (alpha: number) => {
      const key = alpha.toFixed(3);
      if (!alphas.has(key)) alphas.set(key, `A${alphas.size}`);
      return `/${alphas.get(key)} gs`;
    };
    const lines = [`1 0 0 -1 0 ${round(this.height)} cm 1 J 1 j`];
    for (const item of this.items) {
      if (item.clip === "end") lines.push("Q");
      else if (item.clip) lines.push(`q ${item.clip.map(round).join(" ")} re W n`);
      else if (item.text) lines.push(pdfText(item, gate));
      else if (item.fill && typeof item.fill !== "string") lines.push(`q ${pdfPath(item.path)} W n /S${shadings.push(pdfShading(item.fill)) - 1} sh Q`);
      else if (item.fill) lines.push(`${gate(parse(item.fill).alpha)} ${pdfColor(item.fill)} rg ${pdfPath(item.path)} f`);
      else if (item.stroke) {
        const style = `${pdfColor(item.stroke)} RG ${round(item.width)} w [${item.dash.join(" ")}] 0 d`;
        lines.push(`${gate(parse(item.stroke).alpha)} ${style} ${pdfPath(item.path)} S`);
      }
    }
    const content = lines.join("\n");
    const states = [...alphas].map(([value, name]) => `/${name} << /ca ${value} /CA ${value} >>`).join(" ");
    const font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
    const resources = `<< /ExtGState << ${states} >> /Shading << ${shadings.map((s, i) => `/S${i} ${s}`).join(" ")} >> /Font << /F1 ${font} >> >>`;
    return pdfFile([
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${round(this.width)} ${round(this.height)}] /Contents 4 0 R /Resources ${resources} >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
      `<< /Title (${latin(title)}) >>`,
    ]);
  }
}

const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function paint(name: string, color: string): string {
  const { rgb, alpha } = parse(color);
  return `${name}="rgb(${rgb.join(",")})"${alpha < 1 ? ` ${name}-opacity="${alpha}"` : ""}`;
}

const svgClip = ([x, y, width, height]: number[], index: number): string =>
  `<clipPath id="c${index}"><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/></clipPath>`;

function svgText({ text, fill }: Painted): string {
  const { words, at, size, align, baseline } = text!;
  const anchor = { center: "middle", right: "end" }[align] ?? "start";
  return `<text x="${round(at[0])}" y="${round(at[1] + drop(baseline, size))}" font-family="sans-serif" font-size="${size}" text-anchor="${anchor}" ${paint("fill", String(fill))}>${escape(words)}</text>`;
}

/** From where a text hangs down to its base line, in pixels. */
function drop(baseline: string, size: number): number {
  if (baseline === "top") return 0.8 * size;
  return baseline === "middle" ? 0.35 * size : 0;
}

function svgGradient({ from, to, stops }: Gradient, index: number): string {
  const inner = stops.map(([t, color]) => `<stop offset="${round(t)}" stop-color="rgb(${parse(color).rgb.join(",")})"/>`).join("");
  const ends = `x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}"`;
  return `<linearGradient id="g${index}" gradientUnits="userSpaceOnUse" ${ends}>${inner}</linearGradient>`;
}

const pdfColor = (color: string): string => parse(color).rgb.map((v) => (v / 255).toFixed(3)).join(" ");

/** `M 1 2` of SVG is `1 2 m` here. */
const pdfPath = (path: string[]): string =>
  path.map((part) => (part === "Z" ? "h" : `${part.slice(2)} ${part[0].toLowerCase()}`)).join(" ");

function pdfShading({ from, to, stops }: Gradient): string {
  const part = (i: number) => `<< /FunctionType 2 /Domain [0 1] /N 1 /C0 [${pdfColor(stops[i][1])}] /C1 [${pdfColor(stops[i + 1][1])}] >>`;
  const parts = stops.slice(1).map((_, i) => part(i));
  const bounds = stops.slice(1, -1).map(([t]) => t.toFixed(4));
  const stitched = `<< /FunctionType 3 /Domain [0 1] /Functions [${parts.join(" ")}] /Bounds [${bounds.join(" ")}] /Encode [${parts.map(() => "0 1").join(" ")}] >>`;
  return `<< /ShadingType 2 /ColorSpace /DeviceRGB /Extend [true true] /Coords [${[...from, ...to].map(round).join(" ")}] /Function ${stitched} >>`;
}

function pdfText({ text, fill }: Painted, gate: (alpha: number) => string): string {
  const { words, at, size, align, baseline } = text!;
  const shown = latin(words);
  // Helvetica's digits, and most of what stands on a map, are about half as wide as high.
  const back = { center: 0.25, right: 0.5 }[align] ?? 0;
  const x = at[0] - back * 1.04 * size * shown.length;
  return `${gate(1)} ${pdfColor(String(fill))} rg BT /F1 ${size} Tf 1 0 0 -1 ${round(x)} ${round(at[1] + drop(baseline, size))} Tm (${shown}) Tj ET`;
}

/** What the encoding of the page's one font has; brackets and backslashes are marked. */
function latin(text: string): string {
  const plain = text
    .replaceAll("−", "-")
    .replace(/[₀-₉]/g, (c) => String(c.charCodeAt(0) - 0x2080))
    .replace(/[⁰¹²³⁴-⁹⁻]+/g, (digits) => `^${[...digits].map((c) => (c === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c))).join("")}`)
    .replace(/[^\x20-\x7e\xa0-\xff]/g, "?");
  return plain.replace(/[\\()]/g, (c) => `\\${c}`);
}

function pdfFile(objects: string[]): Uint8Array<ArrayBuffer> {
  let text = "%PDF-1.4\n";
  const starts = objects.map((body, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj\n${body}\nendobj\n`;
    return at;
  });
  const table = starts.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
  const end = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n${end}\n%%EOF\n`;
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** Colors: maps for quantities, colors for codes and categories. */

export type Rgb = [number, number, number];

const hex = (text: string): Rgb => [0, 2, 4].map((i) => parseInt(text.slice(i, i + 2), 16)) as Rgb;

const MAPS = {
  output: ["0c1a3a", "14396a", "1f6186", "3d8a93", "74ae9d", "b0cdb0", "e3e4c8", "fbf6e6"],
  inradius: ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"],
  gradient: ["04030f", "1f1147", "55157e", "8c2981", "c43c75", "f1605d", "fe9f6d", "fcdda4", "fcfdbf"],
};

/** A quantity's map at `t` in [0, 1], linear between its anchors. */
export function mapped(name: keyof typeof MAPS, t: number): Rgb {
  const anchors = MAPS[name];
  const at = Math.max(0, Math.min(1, t)) * (anchors.length - 1);
  const low = Math.min(Math.floor(at), anchors.length - 2);
  const [a, b] = [hex(anchors[low]), hex(anchors[low + 1])];
  return a.map((v, i) => Math.round(v + (b[i] - v) * (at - low))) as Rgb;
}

/** sRGB of a color in OKLCH, hue in turns; Ottosson 2020. */
export function oklch(lightness: number, chroma: number, hue: number): Rgb {
  const [a, b] = [chroma * Math.cos(2 * Math.PI * hue), chroma * Math.sin(2 * Math.PI * hue)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((v) => {
    const c = Math.max(0, Math.min(1, v));
    return Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
  }) as Rgb;
}

/** Color number `index` of 256 for codes: hues by the golden ratio, three tones. */
export function codeColor(index: number): Rgb {
  const tone = index % 3;
  return oklch([0.84, 0.74, 0.62][tone], [0.075, 0.1, 0.11][tone], (index * 0.6180339887) % 1);
}

/** FNV-1a of a packed pattern, folded to 8 bits: the same in every page and figure. */
export function codeIndex(pattern: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of pattern) h = Math.imul(h ^ byte, 0x01000193);
  h ^= h >>> 16;
  return (h ^ (h >>> 8)) & 255;
}

/** Color of a layer among `depth`, from red (first) to violet (last). */
export function layerColor(layer: number, depth: number, dark: boolean): Rgb {
  const hue = 0.07 + (0.82 - 0.07) * (depth > 1 ? layer / (depth - 1) : 0);
  return oklch(dark ? 0.76 : 0.55, dark ? 0.14 : 0.17, hue);
}

const CLASSES = ["3a4f8f", "f0c75e", "4fa58a", "d2695e", "8d6cab", "7fb4dc", "b98a56", "e39bb8", "6f7d3c", "a9a9a9"];

export function classColor(index: number): Rgb {
  return hex(CLASSES[index % CLASSES.length]);
}

/** Color of a part of a class: tones of the class's color, dark for parts that are enclosed. */
export function partColor(cls: number, index: number, enclosed: boolean): Rgb {
  const [to, share] = enclosed ? [0, 0.35 + 0.12 * (index % 3)] : [255, 0.13 * (index % 4)];
  return classColor(cls).map((v) => Math.round(v + (to - v) * share)) as Rgb;
}

export const KEPT = 0;
export const BORN = 1;
export const LOST = 2;

/** Kept, born and lost: told apart by lightness too, not by hue alone. */
export function changeColor(change: number, dark: boolean): Rgb {
  if (change === KEPT) return dark ? hex("3b414b") : hex("e4e6ea");
  if (change === BORN) return dark ? hex("2f8468") : hex("86cdb0");
  return dark ? hex("b0523f") : hex("e59a85");
}

export const css = ([r, g, b]: Rgb, alpha = 1): string => `rgba(${r},${g},${b},${alpha})`;

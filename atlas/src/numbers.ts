/** Numbers as people read them, and as files need them. */

const MINUS = "−";

/** Four significant digits, a true minus sign, powers of ten where they are shorter. */
export function short(value: number, digits = 4): string {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const power = Number(exponent);
    return `${mantissa.replace("-", MINUS)} × 10${superscript(power)}`;
  }
  return String(Number(value.toPrecision(digits))).replace("-", MINUS);
}

function superscript(value: number): string {
  return String(value).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]));
}

export const grouped = (value: number): string => value.toLocaleString("en-US");

/** `a x + b y + c` with signs as one writes them. */
export function linear(a: number, b: number, c: number, names: readonly [string, string]): string {
  const terms = [
    [a, ` ${names[0]}`],
    [b, ` ${names[1]}`],
    [c, ""],
  ] as const;
  let text = "";
  for (const [value, name] of terms) {
    if (value === 0) continue;
    const sign = value < 0 ? MINUS : "+";
    text += text ? ` ${sign} ` : value < 0 ? MINUS : "";
    text += short(Math.abs(value)) + name;
  }
  return text || "0";
}

/** The shortest text that reads back as the same float64, for TeX. */
export function tex(value: number): string {
  const [mantissa, exponent] = String(value).split("e");
  return exponent ? `${mantissa} \\cdot 10^{${Number(exponent)}}` : mantissa;
}

/** A coordinate such as `x₁`, for TeX. */
export const texName = (name: string): string => name.replace(/[₁₂]/, (c) => (c === "₁" ? "_1" : "_2"));

export function texLinear(a: number, b: number, c: number, names: readonly [string, string]): string {
  const terms = [
    [a, ` ${names[0]}`],
    [b, ` ${names[1]}`],
    [c, ""],
  ] as const;
  let text = "";
  for (const [value, name] of terms) {
    if (value === 0) continue;
    text += (value < 0 ? " - " : text ? " + " : "") + tex(Math.abs(value)) + name;
  }
  return text.trim() || "0";
}

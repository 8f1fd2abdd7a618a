/** Codes as people read and type them: hexadecimal, unit 1 first, layers by dashes. */

import type { Network } from "./network";

const PER_DIGIT = 4;

/** The code of a pattern. */
export function codeText({ firstBit, depth }: Network, bit: (index: number) => boolean): string {
  const layers: string[] = [];
  for (let layer = 0; layer < depth; layer++) {
    let digits = "";
    for (let at = firstBit[layer]; at < firstBit[layer + 1]; at += PER_DIGIT) {
      let digit = 0;
      for (let i = 0; i < PER_DIGIT; i++) {
        const index = at + i;
        digit = 2 * digit + (index < firstBit[layer + 1] && bit(index) ? 1 : 0);
      }
      digits += digit.toString(16);
    }
    layers.push(digits);
  }
  return layers.join("-");
}

/** The bits that the beginning of a code says, by index; null where no code begins so. */
export function bitsOf({ firstBit, depth }: Network, text: string): Map<number, boolean> | null {
  const parts = text.toLowerCase().split("-");
  if (parts.length > depth) return null;
  const bits = new Map<number, boolean>();
  for (const [layer, digits] of parts.entries()) {
    const [start, end] = [firstBit[layer], firstBit[layer + 1]];
    const full = Math.ceil((end - start) / PER_DIGIT);
    if (digits.length > full || (digits.length < full && layer < parts.length - 1)) return null;
    for (let i = 0; i < digits.length * PER_DIGIT; i++) {
      const digit = parseInt(digits[Math.floor(i / PER_DIGIT)], 16);
      if (Number.isNaN(digit)) return null;
      const on = ((digit >> (PER_DIGIT - 1 - (i % PER_DIGIT))) & 1) === 1;
      if (start + i < end) bits.set(start + i, on);
      else if (on) return null;
    }
  }
  return bits;
}

/** The packed pattern of a whole code, or null. */
export function keyOf(network: Network, text: string): string | null {
  const bits = bitsOf(network, text);
  if (!bits || bits.size !== network.units.length) return null;
  const bytes = new Uint8Array(Math.ceil(bits.size / 8));
  for (const [index, on] of bits) if (on) bytes[index >> 3] |= 1 << (index & 7);
  return String.fromCharCode(...bytes);
}

/** Regions whose patterns have these bits, of `count` regions. */
export function withBits(count: number, bits: Map<number, boolean>, bit: (r: number, index: number) => boolean): number[] {
  const wanted = [...bits];
  const found: number[] = [];
  for (let r = 0; r < count; r++) if (wanted.every(([index, on]) => bit(r, index) === on)) found.push(r);
  return found;
}

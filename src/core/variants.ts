// Which variant a lead gets of a step: fixed by lead and step, so that a preview equals the send.
import { seededNumber } from "./spintax.ts";

/** The index of the variant for this seed (lead and step ids), in proportion to the weights; 0 when none weighs anything. */
export function pickVariant(variants: readonly { weight: number }[], seed: string): number {
  const weights = variants.map((variant) => (variant.weight > 0 ? variant.weight : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total <= 0) return 0;
  let left = seededNumber(`variant\0${seed}`, 0) * total;
  let last = 0;
  for (const [index, weight] of weights.entries()) {
    if (weight === 0) continue;
    if (left < weight) return index;
    left -= weight;
    last = index;
  }
  return last;
}

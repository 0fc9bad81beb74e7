import type { RouteVariant } from '../../api/route-table.ts'

/** What of a variant decides who gets a request. */
export type Share = Pick<RouteVariant, 'name' | 'digest' | 'number' | 'labels' | 'weight'>

/** Digits of a digest that are enough to name it. */
const DIGEST_PREFIX = 12

/** Hashes of names for sticky splits: FNV-1a, with the final mix of MurmurHash3. */
function hashFrom(seed: number, text: string): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return Math.imul(hash ^ 0x1f, 0x01000193) // no text runs into the next
}

/** 0 to 1, without either. */
function unitOf(hash: number): number {
  let mixed = hash
  mixed ^= mixed >>> 16
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  mixed ^= mixed >>> 16
  return ((mixed >>> 0) + 0.5) / 2 ** 32
}

/** A weight as it counts: whatever is no positive number counts as none. */
function weightOf({ weight }: Pick<Share, 'weight'>): number {
  return weight > 0 && weight < Infinity ? weight : 0
}

/**
 * One of these by chance, in proportion to their weights; the first when none has any.
 * @param unit 0 to 1, without 1
 */
export function chooseByWeight<V extends Share>(variants: readonly V[], unit: number): V | undefined {
  let total = 0
  for (const variant of variants) total += weightOf(variant)
  let left = unit * total
  let last: V | undefined
  for (const variant of variants) {
    const weight = weightOf(variant)
    if (weight === 0) continue
    last = variant
    left -= weight
    if (left < 0) return variant
  }
  return last ?? variants[0] // rounding may leave a rest
}

/**
 * One of these for a value, always the same under the same weights, in proportion to the weights over many values.
 * Raising a variant's weight moves values to it alone, and no value between others: weighted rendezvous hashing.
 * Versions of one name share its place, so that who has been given to a name stays with it when its version changes.
 * @returns the first when none has any weight
 * @see Schindelhauer and Schomaker, "Weighted distributed hash tables" (2005): -ln(u) / weight
 */
export function chooseFor<V extends Share>(variants: readonly V[], value: string): V | undefined {
  const seed = hashFrom(0x811c9dc5, value)
  const names = new Map<string, number>()
  for (const variant of variants) {
    const weight = weightOf(variant)
    if (weight > 0) names.set(variant.name, (names.get(variant.name) ?? 0) + weight)
  }
  const name = lowest(names.keys(), (each) => score(seed, each, names.get(each) ?? 0))
  if (name === undefined) return variants[0]
  const versions = variants.filter((variant) => variant.name === name && weightOf(variant) > 0)
  return lowest(versions, (variant) => score(hashFrom(seed, name), variant.digest, weightOf(variant)))
}

function score(seed: number, text: string, weight: number): number {
  return -Math.log(unitOf(hashFrom(seed, text))) / weight
}

function lowest<T>(all: Iterable<T>, scoreOf: (each: T) => number): T | undefined {
  let best: T | undefined
  let bestScore = Infinity
  for (const each of all) {
    const own = scoreOf(each)
    if (best !== undefined && own >= bestScore) continue
    best = each
    bestScore = own
  }
  return best
}

/**
 * Those that a word names: a variant's name before a number, a number before a label, a label before a digest or its
 * first 12 digits or more.
 */
export function variantsNamed<V extends Share>(variants: readonly V[], word: string): readonly V[] {
  const byName = variants.filter(({ name }) => name === word)
  if (byName.length > 0) return byName
  const byNumber = variants.filter(({ number }) => String(number) === word)
  if (byNumber.length > 0) return byNumber
  const byLabel = variants.filter(({ labels }) => labels.includes(word))
  if (byLabel.length > 0 || word.length < DIGEST_PREFIX) return byLabel
  return variants.filter(({ digest }) => digest.startsWith(word))
}

/**
 * Of the words that there are, the one that somebody most likely meant: one of which a third of the letters must change at
 * most, else the first that begins so.
 * @returns undefined when none is near
 */
export function nearestTo(word: string, words: Iterable<string>): string | undefined {
  const all = [...words]
  let best: { word: string; changes: number } | undefined
  for (const each of all) {
    const most = Math.min(Math.floor(each.length / 3), (best?.changes ?? Infinity) - 1)
    if (most < 1 || Math.abs(each.length - word.length) > most) continue
    const changes = changesBetween(word, each)
    if (changes <= most) best = { word: each, changes }
  }
  return best?.word ?? (word.length < LEAST_BEGINNING ? undefined : all.find((each) => each.startsWith(word)))
}

/** Fewer letters begin too many words. */
const LEAST_BEGINNING = 3

/** How many letters must be put in, taken out, replaced or swapped with their neighbour to make one word of the other. */
function changesBetween(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1]
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const steps = [at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (isSame ? 0 : 1)]
      row.push(Math.min(...steps, isSwap ? at(beforeLast, j - 2) + 1 : Infinity))
    }
    beforeLast = last
    last = row
  }
  return at(last, to.length)
}

function at(row: readonly number[], i: number): number {
  return row[i] ?? Infinity
}

/** What versions of a simulation are like: the nature of one is in its file's name, and from there in its digest. */
export const NATURES = [
  /** Fails 2 of 1,000 requests, 10 ms each. */
  'good',
  /** Fails every third. */
  'errors',
  /** Takes ten times as long. */
  'slow',
  /** No runner can load it. */
  'unloadable',
  /** Loads fail now and then for want of a process. */
  'flaky',
  /** Cannot be made: the file is refused. */
  'refused',
  /** Making it throws what nobody expects. */
  'broken',
  /** Making it never ends unless it is stopped. */
  'hangs',
  /** ... and it does not care for being stopped. */
  'deaf',
] as const
export type Nature = (typeof NATURES)[number]

/** A digest that tells the nature. */
export function digestOf(nature: Nature, id: number): string {
  return `${NATURES.indexOf(nature)}${id.toString(16)}`.padEnd(64, '0')
}

export function natureOf(digest: string): Nature {
  return NATURES[Number(digest[0])] ?? 'good'
}

/** Natures whose endpoints answer well. */
export function isSound(nature: Nature): boolean {
  return nature === 'good' || nature === 'flaky'
}

/** A set of characters, as the host kernels read it. */
export interface CharacterSet {
  readonly ranges: readonly number[]
  readonly classes: readonly ClassName[]
  readonly others: readonly ClassName[]
  readonly isNegated: boolean
}

export type ClassName = 'word' | 'digit' | 'space'

/** A token pattern, read. `place` is of the kernel's instruction `at`. */
export type Node =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'sequence' | 'either'; readonly parts: readonly Node[] }
  | { readonly kind: 'group'; readonly part: Node }
  | { readonly kind: 'at'; readonly place: number }
  | { readonly kind: 'look'; readonly part: Node; readonly isBehind: boolean; readonly isNegated: boolean }
  | {
      readonly kind: 'repeat'
      readonly part: Node
      readonly least: number
      readonly most: number
      readonly isLazy: boolean
    }

/** Of `at`: a word's edge. */
export const EDGE = 0

/** Stands for no bound on how often something is repeated. */
export const MOST = 2 ** 30

/** How many characters a node takes, at least and at most. */
export function widthOf(node: Node): { readonly least: number; readonly most: number } {
  switch (node.kind) {
    case 'set':
      return { least: 1, most: 1 }
    case 'at':
    case 'look':
      return { least: 0, most: 0 }
    case 'group':
      return widthOf(node.part)
    case 'repeat': {
      const { least, most } = widthOf(node.part)
      return { least: least * node.least, most: Math.min(MOST, most * node.most) }
    }
    default: {
      const widths = node.parts.map(widthOf)
      if (node.kind === 'either')
        return {
          least: Math.min(...widths.map(({ least }) => least)),
          most: Math.max(...widths.map(({ most }) => most)),
        }
      return {
        least: widths.reduce((sum, { least }) => sum + least, 0),
        most: Math.min(
          MOST,
          widths.reduce((sum, { most }) => sum + most, 0),
        ),
      }
    }
  }
}

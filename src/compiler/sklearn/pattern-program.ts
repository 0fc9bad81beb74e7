import type { ServingError } from '../../core/errors.ts'
import { MOST, widthOf, type CharacterSet, type Node } from './pattern-node.ts'

const MAX_INSTRUCTIONS = 20_000

/** Writes a pattern as the instructions of the kernels' token machine. */
export class ProgramWriter {
  readonly sets: CharacterSet[] = []
  readonly program: (string | number)[][] = []
  readonly #known = new Map<string, number>()
  readonly #refuse: (reason: string) => ServingError

  constructor(refuse: (reason: string) => ServingError) {
    this.#refuse = refuse
  }

  emit(instruction: (string | number)[]): number {
    if (this.program.length >= MAX_INSTRUCTIONS) throw this.#refuse('is too long')
    return this.program.push(instruction) - 1
  }

  write(node: Node): void {
    switch (node.kind) {
      case 'set':
        this.emit(['set', this.#setOf(node.set)])
        return
      case 'at':
        this.emit(['at', node.place])
        return
      case 'group':
        this.emit(['save', 0])
        this.write(node.part)
        this.emit(['save', 1])
        return
      case 'sequence':
        for (const part of node.parts) this.write(part)
        return
      case 'either':
        this.#writeEither(node.parts)
        return
      case 'look': {
        const look = [
          'look',
          node.isBehind ? 1 : 0,
          node.isNegated ? 1 : 0,
          node.isBehind ? widthOf(node.part).least : 0,
          0,
        ]
        this.emit(look)
        this.write(node.part)
        this.emit(['match'])
        look[4] = this.program.length
        return
      }
      default:
        this.#writeRepeat(node)
    }
  }

  #writeEither(parts: readonly Node[]): void {
    const ends: (string | number)[][] = []
    parts.forEach((part, i) => {
      if (i === parts.length - 1) {
        this.write(part)
        return
      }
      const split = ['split', this.program.length + 1, 0]
      this.emit(split)
      this.write(part)
      const end = ['jump', 0]
      this.emit(end)
      ends.push(end)
      split[2] = this.program.length
    })
    for (const end of ends) end[1] = this.program.length
  }

  #writeRepeat({ part, least, most, isLazy }: Extract<Node, { kind: 'repeat' }>): void {
    if (part.kind === 'set' && !isLazy) {
      this.emit(['many', this.#setOf(part.set), least, most])
      return
    }
    for (let i = 0; i < least; i++) this.write(part)
    const ends: (string | number)[][] = []
    const splitHere = () => {
      const split = ['split', 0, 0]
      const at = this.emit(split)
      split[isLazy ? 2 : 1] = at + 1
      ends.push(split)
      return at
    }
    if (most === MOST) {
      const loop = splitHere()
      this.write(part)
      this.emit(['jump', loop])
    } else
      for (let i = least; i < most; i++) {
        splitHere()
        this.write(part)
      }
    for (const split of ends) split[isLazy ? 1 : 2] = this.program.length
  }

  #setOf(set: CharacterSet): number {
    const key = JSON.stringify(set)
    let index = this.#known.get(key)
    if (index === undefined) this.#known.set(key, (index = this.sets.push(set) - 1))
    return index
  }
}

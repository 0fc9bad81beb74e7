import { EDGE, MOST, type CharacterSet, type Node } from './pattern-node.ts'
import { ProgramWriter } from './pattern-program.ts'
import { PatternReader, refusal } from './pattern-reader.ts'

const WORD: CharacterSet = { ranges: [], classes: ['word'], others: [], isNegated: false }

/**
 * Translates a token pattern of Python's `re` to what the text kernels run.
 * @returns `{ runs, least }` for runs of one set of characters, else `{ sets, program }`
 * @throws {ServingError} `unsupported` naming the part of the pattern that is not covered
 */
export function translatePattern(pattern: string, where: string): object {
  const node = new PatternReader(pattern, where).read()
  const runs = asRuns(node)
  if (runs !== undefined) return runs
  const refuse = (reason: string) => refusal(pattern, where, reason)
  const writer = new ProgramWriter(refuse)
  writer.write(node)
  writer.emit(['match'])
  return { sets: writer.sets, program: writer.program }
}

/** A pattern that finds the longest runs of one set, as nearly all do: `\b\w\w+\b`, `\w+`, `[a-z]{3,}`. */
function asRuns(node: Node): object | undefined {
  const parts = node.kind === 'sequence' ? node.parts : [node]
  const isEdge = (part: Node | undefined) => part?.kind === 'at' && part.place === EDGE
  const inner = parts.slice(isEdge(parts[0]) ? 1 : 0, isEdge(parts.at(-1)) && parts.length > 1 ? -1 : undefined)
  let least = 0
  let isOpen = false
  const sets = inner.map((part): CharacterSet | undefined => {
    if (part.kind === 'set') {
      least++
      return part.set
    }
    if (part.kind !== 'repeat' || part.part.kind !== 'set' || part.isLazy) return undefined
    if (part.most !== MOST && part.most !== part.least) return undefined
    least += part.least
    isOpen ||= part.most === MOST
    return part.part.set
  })
  const keys = new Set(sets.map((set) => JSON.stringify(set)))
  const [set] = sets
  if (set === undefined || keys.size !== 1 || !isOpen || least === 0) return undefined
  // at the edges of a word only runs of all its characters end
  if (inner.length < parts.length && !keys.has(JSON.stringify(WORD))) return undefined
  return { runs: set, least }
}

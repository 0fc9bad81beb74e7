import { quote } from '../core/text.ts'
import { overLimit, type Budget } from './limits.ts'
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './model.ts'
import type { OnnxReader } from './onnx-reader.ts'

/** A graph whose lists are still being filled. */
export interface DraftGraph extends OnnxGraph {
  name: string
  docString: string
  readonly nodes: OnnxNode[]
  readonly inputs: OnnxValue[]
  readonly outputs: OnnxValue[]
  readonly valueInfos: OnnxValue[]
  readonly initializers: Map<string, OnnxTensor>
}

export function draftGraph(): DraftGraph {
  return { name: '', docString: '', nodes: [], inputs: [], outputs: [], valueInfos: [], initializers: new Map() }
}

interface WaitingGraph {
  readonly graph: DraftGraph
  readonly reader: OnnxReader
  readonly depth: number
}

/** What the readers of one file share: limits spent, and graphs found but not yet read. */
export interface ReadContext {
  readonly budget: Budget
  /**
   * Graphs wait here instead of being read where they are found, so that a file nested deep costs no stack. Each draft
   * is already in its place in the model and is filled when its turn comes.
   */
  readonly waiting: WaitingGraph[]
}

/** Where a reader stands: how deep in graphs, and inside which message (for errors). */
export interface Place {
  readonly depth: number
  readonly what: string
}

/** Adds to a map from a file's names. @throws {ServingError} `refused` when the name is there already */
export function addOnce<V>(map: Map<string, V>, key: string, value: V, what: string, reader: OnnxReader): void {
  if (map.has(key)) throw reader.refuse(`${what} ${quote(key)} is given twice`)
  map.set(key, value)
}

/** The default operator domain has two spellings in files; one here. */
export function normalDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain
}

/** Reads a StringStringEntryProto into a map. */
export function readEntry(map: Map<string, string>, reader: OnnxReader, what: string, context: ReadContext): void {
  const { nameBytes, textBytes, entries } = context.budget.limits
  const entry = reader.message(what)
  let key = ''
  let value = ''
  while (entry.next())
    if (entry.field === 1) key = entry.text('StringStringEntryProto.key', nameBytes)
    else if (entry.field === 2) value = entry.text('StringStringEntryProto.value', textBytes, 'textBytes')
    else entry.skip()
  if (map.size >= entries) throw overLimit('entries', map.size + 1, entries, reader.at)
  addOnce(map, key, value, what, reader)
}

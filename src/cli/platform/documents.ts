import { readFile } from 'node:fs/promises'
import type { Document } from 'yaml'
import type { EndpointSpecInput } from '../../api/api-types.ts'
import type { Endpoint, Project } from '../../api/resources.ts'
import { MODEL_NAME } from '../../core/names.ts'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import { readNamedFile } from '../../storage/local.ts'

/** One document of `slipway apply`. */
export type WantedDocument =
  | { readonly kind: 'Project'; readonly name: string; readonly description: string; readonly place: string }
  | {
      readonly kind: 'Endpoint'
      /** That of the command line when absent. */
      readonly project?: string | undefined
      readonly name: string
      readonly spec: EndpointSpecInput
      /** Where it stands, for messages. */
      readonly place: string
    }

/** Largest file of documents (bytes). */
const MAX_BYTES = 4 * 2 ** 20

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Project: ['kind', 'name', 'description'],
  Endpoint: ['kind', 'project', 'name', 'spec'],
}

/**
 * The documents of a file in YAML or JSON, or of standard input (`-`).
 * @throws {ServingError} `invalid_argument` with the place of what is wrong; `not_found` and the like for the file
 */
export async function readDocuments(path: string): Promise<readonly WantedDocument[]> {
  const where = path === '-' ? 'standard input' : quote(path, 200)
  const bytes = path === '-' ? await readFile('/dev/stdin') : await readNamedFile(path, MAX_BYTES)
  const { parseAllDocuments } = await import('yaml')
  const text = Buffer.from(bytes).toString('utf8')
  const wanted: WantedDocument[] = []
  const parsed = parseAllDocuments(text, { strict: true, uniqueKeys: true, merge: false })
  if (!Array.isArray(parsed)) throw refusal(where, 'holds no documents')
  for (const [index, document] of parsed.entries()) {
    const place = parsed.length === 1 ? where : `document ${index + 1} of ${where}`
    const [problem] = document.errors
    if (problem !== undefined) {
      const { line = 0, col = 0 } = problem.linePos?.[0] ?? {}
      throw refusal(
        place,
        `is no YAML at line ${line}, column ${col} (${problem.code.toLowerCase().replaceAll('_', ' ')})`,
      )
    }
    const value = valueOf(document, place)
    if (value !== null && value !== undefined) wanted.push(parseDocument(value, place))
  }
  if (wanted.length === 0) throw refusal(where, 'holds no documents')
  return wanted
}

/** @throws {ServingError} for aliases that would grow without bounds */
function valueOf(document: Document, place: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 50 })
  } catch (cause) {
    throw new ServingError(
      'invalid_argument',
      `${place} uses aliases more than 50 times over: write out what they stand for`,
      { cause },
    )
  }
}

function parseDocument(value: unknown, place: string): WantedDocument {
  if (!isObject(value)) throw refusal(place, 'is no object with kind, name and spec')
  const { kind, name, project, spec, description = '' } = value
  const known = typeof kind === 'string' && Object.hasOwn(FIELDS, kind) ? FIELDS[kind] : undefined
  if (known === undefined)
    throw refusal(place, `is of the kind ${quote(String(kind))}; there are ${quoteList(Object.keys(FIELDS))}`)
  const unknown = Object.keys(value).filter((field) => !known.includes(field))
  if (unknown.length > 0)
    throw refusal(place, `has ${quoteList(unknown)}, which no ${String(kind)} has; there are ${quoteList(known)}`)
  if (typeof name !== 'string' || !MODEL_NAME.test(name))
    throw refusal(place, `has the name ${quote(String(name))}; a name is 1 to 63 letters, digits, "_", "." and "-"`)
  if (kind === 'Project') {
    if (typeof description !== 'string') throw refusal(place, 'has a description that is no text')
    return { kind, name, description, place }
  }
  if (project !== undefined && (typeof project !== 'string' || !MODEL_NAME.test(project)))
    throw refusal(place, `has a project that is no name`)
  if (!isObject(spec)) throw refusal(place, 'has no spec; it is like {variants: [{model: fraud, version: stable}]}')
  return { kind: 'Endpoint', name, project, spec: spec as unknown as EndpointSpecInput, place }
}

function refusal(place: string, text: string): ServingError {
  return new ServingError('invalid_argument', `${place} ${text}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A resource as a document: endpoints and projects as `apply` takes them back, the others as they are. */
export function documentOf(kind: string, item: unknown): unknown {
  if (kind === 'endpoint') {
    const { project, name, spec } = item as Endpoint
    return { kind: 'Endpoint', project, name, spec }
  }
  if (kind === 'project') {
    const { name, description } = item as Project
    return { kind: 'Project', name, description }
  }
  return { kind: `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, ...(item as object) }
}

import { readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Document } from 'yaml'
import type { EndpointSpecInput } from '../../api/api-types.ts'
import type { Endpoint, Model, Project } from '../../api/resources.ts'
import { LABEL } from '../../api/resource-schemas.ts'
import { MODEL_NAME } from '../../core/names.ts'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import { readNamedFile } from '../../storage/local.ts'
import type { CommandContext } from '../command.ts'
import { UsageError } from '../options.ts'

/** One document of `slipway apply`. */
export type WantedDocument = WantedProject | WantedModel | WantedEndpoint

interface Placed {
  readonly name: string
  /** Where it stands, for messages. */
  readonly place: string
}

export interface WantedProject extends Placed {
  readonly kind: 'Project'
  readonly description: string
}

interface InProject extends Placed {
  /** That of the command line when absent. */
  readonly project?: string | undefined
}

export interface WantedModel extends InProject {
  readonly kind: 'Model'
  readonly description: string
  readonly versions: readonly WantedVersion[]
  /** Numbers of versions, by labels. */
  readonly labels: Readonly<Record<string, number>>
}

/** A version that shall be there, told by what it is made of. */
export interface WantedVersion {
  /** A file or a folder, from the document's own folder on; or an address. */
  readonly from: string
  /** Of what lies at an address. */
  readonly sha256?: string | undefined
  readonly description: string
  readonly labels: readonly string[]
  readonly allowUntested: boolean
  readonly steps?: readonly string[] | undefined
  readonly runtime?: 'python' | 'typescript' | undefined
}

export interface WantedEndpoint extends InProject {
  readonly kind: 'Endpoint'
  readonly spec: EndpointSpecInput
}

/** Largest file of documents (bytes). */
const MAX_BYTES = 4 * 2 ** 20

const FIELDS: Readonly<Record<WantedDocument['kind'], readonly string[]>> = {
  Project: ['kind', 'name', 'description'],
  Model: ['kind', 'project', 'name', 'description', 'versions', 'labels'],
  Endpoint: ['kind', 'project', 'name', 'spec'],
}
const VERSION_FIELDS = ['from', 'sha256', 'description', 'labels', 'allowUntested', 'steps', 'runtime']

/** What there are documents of, in the order in which they are made: the later may need the earlier. */
export const DOCUMENT_KINDS = Object.keys(FIELDS) as readonly WantedDocument['kind'][]

/**
 * The documents of files in YAML or JSON, of all such files of a folder, or of standard input (`-`).
 * @throws {ServingError} `invalid_argument` with the place of what is wrong; `not_found` and the like for the files
 */
export async function readDocuments(
  paths: readonly string[],
  stdin?: CommandContext['stdin'],
): Promise<readonly WantedDocument[]> {
  const wanted: WantedDocument[] = []
  for (const path of await filesOf(paths)) {
    const where = path === '-' ? 'standard input' : quote(path, 200)
    const bytes = path === '-' ? await readAll(stdin) : await readNamedFile(path, MAX_BYTES)
    wanted.push(
      ...(await parseDocuments(Buffer.from(bytes).toString('utf8'), where, path === '-' ? '.' : dirname(path))),
    )
  }
  return wanted
}

/** A folder stands for the files in it that could hold documents, in the order of their names. */
async function filesOf(paths: readonly string[]): Promise<readonly string[]> {
  const files: string[] = []
  for (const path of paths) {
    const isFolder = path !== '-' && (await stat(path).catch(() => undefined))?.isDirectory() === true
    if (!isFolder) {
      files.push(path)
      continue
    }
    const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/i.test(name)).toSorted()
    if (names.length === 0)
      throw refusal(quote(path, 200), 'is a folder without files of the kinds .yaml, .yml and .json')
    files.push(...names.map((name) => join(path, name)))
  }
  return files
}

async function readAll(stdin: CommandContext['stdin']): Promise<Uint8Array> {
  if (stdin === undefined) throw new UsageError('there is no standard input to read documents from')
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Uint8Array | string)
    sizeBytes += bytes.byteLength
    if (sizeBytes > MAX_BYTES)
      throw new ServingError('too_large', `standard input holds over ${MAX_BYTES} bytes, the most for documents`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

async function parseDocuments(text: string, where: string, folder: string): Promise<readonly WantedDocument[]> {
  const { parseAllDocuments } = await import('yaml')
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
    if (value !== null && value !== undefined) wanted.push(parseDocument(value, place, folder))
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

function parseDocument(value: unknown, place: string, folder: string): WantedDocument {
  if (!isObject(value)) throw refusal(place, 'is no object with kind, name and spec')
  const { kind: word, name, project, spec, description = '' } = value
  const kind = DOCUMENT_KINDS.find((each) => each === word)
  if (kind === undefined)
    throw refusal(
      place,
      `is of the kind ${quote(String(word))}; there are ${quoteList(DOCUMENT_KINDS)}${word === 'Key' ? ' (a key is made by `slipway key new`: its secret is shown once)' : ''}`,
    )
  checkFields(value, FIELDS[kind], place, `no ${kind}`)
  if (name === undefined) throw refusal(place, `has no name; a name is 1 to 63 letters, digits, "_", "." and "-"`)
  if (typeof name !== 'string' || !MODEL_NAME.test(name))
    throw refusal(
      place,
      `has the name ${typeof name === 'string' ? quote(name) : JSON.stringify(name)}; a name is 1 to 63 letters, digits, "_", "." and "-"`,
    )
  if (typeof description !== 'string') throw refusal(place, 'has a description that is no text')
  if (kind === 'Project') return { kind, name, description, place }
  if (project !== undefined && (typeof project !== 'string' || !MODEL_NAME.test(project)))
    throw refusal(place, `has a project that is no name`)
  if (kind === 'Model') return { kind, name, project, description, ...modelOf(value, place, folder), place }
  if (!isObject(spec)) throw refusal(place, 'has no spec; it is like {variants: [{model: fraud, version: stable}]}')
  return { kind, name, project, spec: spec as unknown as EndpointSpecInput, place }
}

function modelOf(
  { versions = [], labels = {} }: Readonly<Record<string, unknown>>,
  place: string,
  folder: string,
): Pick<WantedModel, 'versions' | 'labels'> {
  if (!Array.isArray(versions)) throw refusal(place, 'has versions that are no list; it is like [{from: fraud.joblib}]')
  const wanted = versions.map((version, i) => parseVersion(version, `versions[${i}] of ${place}`, folder))
  if (!isObject(labels)) throw refusal(place, 'has labels that are no object; it is like {stable: 3}')
  for (const [label, number] of Object.entries(labels)) {
    checkLabel(label, place)
    if (!Number.isInteger(number) || Number(number) < 1)
      throw refusal(place, `has the label ${quote(label)} on ${JSON.stringify(number)}; it takes a version's number`)
  }
  const names = [...Object.keys(labels), ...wanted.flatMap((version) => version.labels)]
  const twice = names.find((label, i) => names.indexOf(label) !== i)
  if (twice !== undefined) throw refusal(place, `has the label ${quote(twice)} twice: it stands on one version`)
  return { versions: wanted, labels: labels as Readonly<Record<string, number>> }
}

function parseVersion(value: unknown, place: string, folder: string): WantedVersion {
  if (!isObject(value)) throw refusal(place, 'is no object; it is like {from: fraud.joblib, labels: [stable]}')
  checkFields(value, VERSION_FIELDS, place, 'no version')
  const { from, sha256, description = '', labels = [], allowUntested = false, steps, runtime } = value
  if (typeof from !== 'string' || from === '') throw refusal(place, 'has no `from`: a file, a folder or an address')
  const isAddress = /^https?:\/\//i.test(from)
  if (sha256 !== undefined && !(isAddress && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)))
    throw refusal(place, 'has a sha256 that is not 64 hexadecimal digits in small letters, for an address')
  if (typeof description !== 'string') throw refusal(place, 'has a description that is no text')
  if (!isTexts(labels)) throw refusal(place, 'has labels that are no list of names; it is like [stable]')
  for (const label of labels) checkLabel(label, place)
  if (typeof allowUntested !== 'boolean') throw refusal(place, 'has allowUntested, which takes true or false')
  if (steps !== undefined && !isTexts(steps)) throw refusal(place, 'has steps that are no list of keys')
  if (runtime !== undefined && runtime !== 'python' && runtime !== 'typescript')
    throw refusal(place, 'has a runtime; it takes python or typescript')
  return {
    from: isAddress ? from : resolve(folder, from),
    sha256,
    description,
    labels,
    allowUntested,
    steps,
    runtime,
  }
}

function checkFields(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  place: string,
  nobody: string,
): void {
  const unknown = Object.keys(value).filter((field) => !known.includes(field))
  if (unknown.length > 0)
    throw refusal(place, `has ${quoteList(unknown)}, which ${nobody} has; there are ${quoteList(known)}`)
}

function checkLabel(label: string, place: string): void {
  if (!new RegExp(LABEL.pattern ?? '').test(label))
    throw refusal(place, `has the label ${quote(label)}; a label is ${LABEL.description}`)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '')
}

function refusal(place: string, text: string): ServingError {
  return new ServingError('invalid_argument', `${place} ${text}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A resource as a document: projects, models and endpoints as `apply` takes them back, the others as they are. */
export function documentOf(kind: string, item: unknown): unknown {
  if (kind === 'endpoint') {
    const { project, name, spec } = item as Endpoint
    return { kind: 'Endpoint', project, name, spec }
  }
  if (kind === 'model') {
    const { project, name, description, labels } = item as Model
    return { kind: 'Model', project, name, description, labels }
  }
  if (kind === 'project') {
    const { name, description } = item as Project
    return { kind: 'Project', name, description }
  }
  return { kind: `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, ...(item as object) }
}

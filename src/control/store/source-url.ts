import type { KeyObject } from 'node:crypto'
import { open, seal } from '../../auth/master-key.ts'
import { ServingError } from '../../core/errors.ts'
import type { Kinds } from './store.ts'

type Version = Kinds['version']
type Place = Pick<Version, 'project' | 'model' | 'number'>

/** A URL without its query, which is where signatures and tokens stand. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '?…')
}

/** How a source is kept: of a URL with a query, what may be shown, and the whole of it sealed for that version alone. */
export function sealSource(
  source: Version['source'],
  place: Place,
  masterKey: KeyObject,
): Pick<Version, 'source' | 'sealedUrl'> {
  if (source.type !== 'url') return { source }
  const url = withoutQuery(source.url)
  if (url === source.url) return { source }
  return { source: { ...source, url }, sealedUrl: seal(source.url, masterKey, contextOf(place)) }
}

/**
 * The URL that a version is fetched from, as it was given.
 * @throws {ServingError} `refused` where the master key is not the one that it was sealed under
 */
export function urlOf(version: Version, masterKey: KeyObject | undefined): string {
  const { source, sealedUrl } = version
  if (source.type !== 'url') throw new Error('a version that is fetched from nowhere; this is a bug')
  if (sealedUrl === undefined) return source.url
  if (masterKey === undefined)
    throw new ServingError('refused', 'the URL that it is fetched from is sealed, and there is no master key here')
  return open(sealedUrl, masterKey, contextOf(version))
}

function contextOf({ project, model, number }: Place): string {
  return `url of ${project}/${model}/${number}`
}

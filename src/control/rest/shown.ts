import type { Key, Meta, Version } from '../../api/resources.ts'
import type { Kind, Kinds, Stored } from '../store/store.ts'

/** A record as the API shows it, of the kinds that have nothing to hide. */
export function shown<K extends Exclude<Kind, 'key' | 'version'>>(
  stored: Stored<K>,
): Kinds[K] & { readonly meta: Meta } {
  return { ...stored.document, meta: metaOf(stored) }
}

export function shownVersion(stored: Stored<'version'>): Version {
  const { folder: _folder, isOurs: _isOurs, source, ...others } = stored.document
  return {
    ...others,
    // the query of a URL is where signatures and tokens stand
    source: source.type === 'url' ? { ...source, url: withoutQuery(source.url) } : source,
    meta: metaOf(stored),
  }
}

export function shownKey(stored: Stored<'key'>): Key {
  const { sha256: _sha256, encryptedSecret: _encryptedSecret, ...others } = stored.document
  return { ...others, meta: metaOf(stored) }
}

export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '?…')
}

function metaOf({ uid, etag, createdAtMs, updatedAtMs }: Stored<Kind>): Meta {
  return { uid, etag, createdAtMs, updatedAtMs }
}

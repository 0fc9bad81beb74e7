import type { Key, Meta, Version } from '../../api/resources.ts'
import { withoutQuery } from '../store/source-url.ts'
import type { Kind, Kinds, Stored } from '../store/store.ts'

/** A record as the API shows it, of the kinds that have nothing to hide. */
export function shown<K extends Exclude<Kind, 'key' | 'version'>>(
  stored: Stored<K>,
): Kinds[K] & { readonly meta: Meta } {
  return { ...stored.document, meta: metaOf(stored) }
}

export function shownVersion(stored: Stored<'version'>): Version {
  const { folder: _folder, isOurs: _isOurs, sealedUrl: _sealedUrl, source, ...others } = stored.document
  return {
    ...others,
    // those of earlier builds are kept whole
    source: source.type === 'url' ? { ...source, url: withoutQuery(source.url) } : source,
    meta: metaOf(stored),
  }
}

export function shownKey(stored: Stored<'key'>): Key {
  const { sha256: _sha256, encryptedSecret: _encryptedSecret, ...others } = stored.document
  return { ...others, meta: metaOf(stored) }
}

function metaOf({ uid, etag, createdAtMs, updatedAtMs }: Stored<Kind>): Meta {
  return { uid, etag, createdAtMs, updatedAtMs }
}

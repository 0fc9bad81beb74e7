import type { DesiredModel } from './settings.ts'

/** A version that lies nowhere. */
export function version(name: string, digest: string, rest: Partial<DesiredModel> = {}): DesiredModel {
  return { folder: `/bundles/${digest}`, digest, name, labels: [], isDefault: true, ...rest }
}

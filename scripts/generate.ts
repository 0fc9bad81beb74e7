// Writes what is made from the manifest's schema: the published schema and the compiled validator. A test holds both to it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from './generated-files.ts'

const root = join(import.meta.dirname, '..')
for (const [path, text] of generate()) writeFileSync(join(root, path), text)

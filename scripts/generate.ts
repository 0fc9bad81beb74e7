// Writes what is made from others: the manifest's schema and its compiled validator, the reference of all options. Tests
// hold each to its source.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate, generateReference } from './generated-files.ts'

const root = join(import.meta.dirname, '..')
for (const [path, text] of [...generate(), ...(await generateReference())]) writeFileSync(join(root, path), text)

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createMasterKey, parseMasterKey, seal } from '../master-key.ts'
import { createSignatureCheck } from './check.ts'

interface Recorded {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly atMs: number
  readonly requests: readonly {
    readonly name: string
    readonly method: string
    readonly target: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }[]
}

/** Requests as botocore signs and sends them, its clock held. */
const recorded: Recorded = JSON.parse(readFileSync(new URL('./botocore.fixture.json', import.meta.url), 'utf8'))

const masterKey = parseMasterKey(createMasterKey())
const { accessKeyId, secretAccessKey, atMs } = recorded
const key = { accessKeyId, encryptedSecret: seal(secretAccessKey, masterKey, accessKeyId) }
const check = createSignatureCheck({ keyOf: () => key, masterKey, calendarNow: () => atMs })

test.each(recorded.requests)("$name is taken as Amazon's own client signs it", ({ method, target, headers, body }) => {
  const [path = '', query = ''] = target.split('?', 2)
  const asked = { method, path, query, headers, body: Buffer.from(body, 'base64') }
  expect(check.verify(asked)).toBe(key)
  expect(() => check.verify({ ...asked, path: `${path}x` })).toThrow(/the signature computed here is another/)
})

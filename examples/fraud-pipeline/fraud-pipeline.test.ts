import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../test/support/command.ts'

const file = (name: string) => join(import.meta.dirname, name)
const data = mkdtempSync(join(tmpdir(), 'slipway-fraud-'))

afterAll(() => rmSync(data, { recursive: true }))

interface Verdict {
  readonly isRight: boolean
  readonly engines: readonly {
    readonly rows: number
    readonly outputs: readonly { readonly largestAbsolute: number }[]
  }[]
}

describe('the fraud pipeline', () => {
  test("gives scikit-learn's labels to a thousand rows, and its probabilities to 1e-12, on each engine", async () => {
    const rows = ['--rows', file('transactions.csv'), '--expected', file('answers.json')]
    const { stdout } = await runCommand(['verify', file('fraud.joblib'), ...rows, '--data', data, '--json'])
    const { isRight, engines } = JSON.parse(stdout) as Verdict
    expect(isRight).toBe(true)
    expect(engines).toHaveLength(2)
    for (const { rows, outputs } of engines) {
      expect(rows).toBe(1000)
      expect(outputs).toHaveLength(2)
      for (const { largestAbsolute } of outputs) expect(largestAbsolute).toBeLessThan(1e-12)
    }
  })

  test('its rows have values missing, and a country that the model does not know', () => {
    const [header, ...rows] = readFileSync(file('transactions.csv'), 'utf8').trimEnd().split('\n')
    expect(header).toBe('amount,hour,country,device,account_age_days,failed_tries,foreign')
    expect(rows).toHaveLength(1000)
    expect(rows.filter((row) => row.split(',').includes('')).length).toBeGreaterThan(100)
    expect(rows.filter((row) => row.includes(',CA,')).length).toBeGreaterThan(10)
  })
})

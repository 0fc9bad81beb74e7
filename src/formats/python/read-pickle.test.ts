import { describe, expect, test } from 'vitest'
import { readPythonFile } from './read-joblib.ts'
import { pickleCases, shown } from './shown.fixture.ts'

describe.each(pickleCases().filter(({ expected }) => expected !== null))(
  '$name, written by $by',
  ({ expected, forms }) => {
    test.each(Object.entries(forms))('is read from %s as Python reads it', (form, data) => {
      const document = readPythonFile(Buffer.from(data, 'base64'))
      const between = { list: [{ int: '1' }, expected, { str: 'text' }] }
      expect(shown(document.root)).toEqual(form.startsWith('joblib, between') ? between : expected)
      expect(document.dangers).toEqual([])
      if (form.startsWith('protocol')) expect(form).toBe(`protocol ${document.protocol}`)
    })
  },
)

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { storePlaces } from '../../../test/support/store-places.ts'
import { answer, audited, event, model } from './documents.fixture.ts'
import { testEnvironment } from './environment.fixture.ts'
import type { Store, Stored } from './store.ts'

for (const { database, place, isHere, isShared, runs } of storePlaces()) {
  describe.skipIf(!isHere)(`a store on ${database}`, () => {
    test('keeps what it is given, and knows it by kind, project and name', async () => {
      const store = await (await place()).open()
      const made = await store.transact((tx) => tx.insert('model', 'p', 'm', model(1)))
      expect(made).toMatchObject({ kind: 'model', project: 'p', name: 'm', etag: 1, document: model(1) })
      expect(made.uid).toMatch(/^[0-9a-z]{16}$/)
      expect(await store.read((tx) => tx.get('model', 'p', 'm'))).toEqual(made)
      expect(await store.read((tx) => tx.get('model', 'q', 'm'))).toBeUndefined()
      expect(await store.read((tx) => tx.get('endpoint', 'p', 'm'))).toBeUndefined()
    })

    test('changes a record only from the state that it is in', async () => {
      const store = await (await place()).open()
      await store.transact((tx) => tx.insert('model', 'p', 'm', model(1)))
      const second = await store.transact((tx) => tx.update('model', 'p', 'm', 1, model(2)))
      expect(second).toMatchObject({ etag: 2, document: model(2) })
      const refusal = { code: 'conflict', details: { reason: 'etag', found: 2, expected: 1 } }
      await expect(store.transact((tx) => tx.update('model', 'p', 'm', 1, model(3)))).rejects.toMatchObject(refusal)
      await expect(store.transact((tx) => tx.remove('model', 'p', 'm', 1))).rejects.toMatchObject(refusal)
      await expect(store.transact((tx) => tx.insert('model', 'p', 'm', model(3)))).rejects.toMatchObject({
        code: 'conflict',
        details: { reason: 'exists' },
      })
      await expect(store.transact((tx) => tx.update('model', 'p', 'no', 1, model()))).rejects.toMatchObject({
        code: 'not_found',
      })
      await store.transact((tx) => tx.remove('model', 'p', 'm', 2))
      await expect(store.transact((tx) => tx.remove('model', 'p', 'm'))).rejects.toMatchObject({ code: 'not_found' })
      expect(await store.read((tx) => tx.all('model'))).toEqual([])
    })

    test('gives a record that is made again another uid and a later etag, so that no old one fits it', async () => {
      const store = await (await place()).open()
      const first = await store.transact((tx) => tx.insert('model', 'p', 'm', model()))
      await store.transact((tx) => tx.update('model', 'p', 'm', 1, model(1)))
      await store.transact((tx) => tx.remove('model', 'p', 'm'))
      const again = await store.transact((tx) => tx.insert('model', 'p', 'm', model()))
      expect(again.etag).toBe(3)
      expect(again.uid).not.toBe(first.uid)
    })

    test('undoes all of a transaction whose work fails, and throws what work threw', async () => {
      const store = await (await place()).open()
      const failure = new Error('on the way')
      const work = store.transact(async (tx) => {
        await tx.insert('model', 'p', 'm', model())
        await tx.addEvent(event('m'))
        throw failure
      })
      await expect(work).rejects.toBe(failure)
      expect(await store.read((tx) => tx.all('model'))).toEqual([])
      expect(await store.read((tx) => tx.events({}))).toEqual([])
    })

    test('goes on after a refusal that work bore', async () => {
      const store = await (await place()).open()
      await store.transact((tx) => tx.insert('model', 'p', 'm', model(1)))
      await store.transact(async (tx) => {
        await tx.insert('model', 'p', 'm', model(2)).catch(() => {})
        await tx.update('model', 'p', 'm', 7, model(2)).catch(() => {})
        await tx.remove('model', 'p', 'no').catch(() => {})
        await tx.insert('model', 'p', 'n', model(3))
      })
      const all = await store.read((tx) => tx.all('model'))
      expect(all.map(({ name, document }) => [name, document.lastNumber])).toEqual([
        ['m', 1],
        ['n', 3],
      ])
    })

    test('does what a list of records in memory would do', async () => {
      const store = await (await place()).open()
      let round = 0
      const name = fc.constantFrom('a', 'b', 'a%', 'a_', 'A', 'ä', '\u{1f600}', "'; drop table records; --", '\u{ffff}')
      const operation = fc.oneof(
        fc.record({ do: fc.constant('insert' as const), name, number: fc.nat(9) }),
        fc.record({ do: fc.constant('update' as const), name, number: fc.nat(9), isStale: fc.boolean() }),
        fc.record({ do: fc.constant('remove' as const), name, isStale: fc.boolean() }),
      )
      const transaction = fc.record({ operations: fc.array(operation, { maxLength: 5 }), isUndone: fc.boolean() })
      await fc.assert(
        fc.asyncProperty(fc.array(transaction, { maxLength: 8 }), async (transactions) => {
          const project = `p${round++}`
          let records = new Map<string, { etag: number; number: number }>()
          let graves = new Map<string, number>()
          for (const { operations, isUndone } of transactions) {
            const next = new Map(records)
            const dead = new Map(graves)
            const done = store.transact(async (tx) => {
              next.clear()
              for (const [name, record] of records) next.set(name, record)
              dead.clear()
              for (const [name, etag] of graves) dead.set(name, etag)
              for (const operation of operations) {
                const there = next.get(operation.name)
                const etag = 'isStale' in operation && operation.isStale ? 77 : (there?.etag ?? 1)
                if (operation.do === 'insert') {
                  const insert = tx.insert('model', project, operation.name, model(operation.number))
                  if (there !== undefined) await expect(insert).rejects.toMatchObject({ code: 'conflict' })
                  else {
                    const expected = (dead.get(operation.name) ?? 0) + 1
                    expect((await insert).etag).toBe(expected)
                    next.set(operation.name, { etag: expected, number: operation.number })
                  }
                } else {
                  const change =
                    operation.do === 'update'
                      ? tx.update('model', project, operation.name, etag, model(operation.number))
                      : tx.remove('model', project, operation.name, etag)
                  if (there === undefined) await expect(change).rejects.toMatchObject({ code: 'not_found' })
                  else if (etag !== there.etag) await expect(change).rejects.toMatchObject({ code: 'conflict' })
                  else if (operation.do === 'update') {
                    await change
                    next.set(operation.name, { etag: etag + 1, number: operation.number })
                  } else {
                    await change
                    next.delete(operation.name)
                    dead.set(operation.name, etag)
                  }
                }
                // a transaction sees what it has done itself
                expect((await tx.get('model', project, operation.name))?.etag).toBe(next.get(operation.name)?.etag)
              }
              if (isUndone) throw new Error('undone')
            })
            if (isUndone) await expect(done).rejects.toThrow('undone')
            else {
              await done
              records = next
              graves = dead
            }
            const all = await store.read((tx) => tx.all('model', { project }))
            const expected = [...records].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
            expect(all.map(({ name, etag, document }) => [name, { etag, number: document.lastNumber }])).toEqual(
              expected,
            )
          }
        }),
        { numRuns: runs },
      )
    })

    test('runs transactions that want the same record as if one came after the other', async () => {
      const where = await place()
      const stores = isShared ? [await where.open(), await where.open()] : [await where.open()]
      await stores[0]?.transact((tx) => tx.insert('model', 'p', 'm', model(0)))
      const increments = Array.from({ length: 24 }, (_, i) =>
        (stores[i % stores.length] as Store).transact(async (tx) => {
          const { etag, document } = (await tx.get('model', 'p', 'm')) as Stored<'model'>
          return (await tx.update('model', 'p', 'm', etag, model(document.lastNumber + 1))).document.lastNumber
        }),
      )
      const numbers = await Promise.all(increments)
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1))
    })

    test('keeps a promise that two records make together, whoever else writes (no write skew)', async () => {
      const where = await place()
      const stores = isShared ? [await where.open(), await where.open()] : [await where.open()]
      for (const name of ['a', 'b']) await stores[0]?.transact((tx) => tx.insert('model', 'p', name, model(1)))
      // each takes itself away only while the other is there
      const away = ['a', 'b'].map((name, i) =>
        (stores[i % stores.length] as Store).transact(async (tx) => {
          if ((await tx.all('model', { project: 'p' })).length > 1) await tx.remove('model', 'p', name)
        }),
      )
      await Promise.all(away)
      expect(await stores[0]?.read((tx) => tx.all('model'))).toHaveLength(1)
    })

    test('shows a reader one state, whatever is committed meanwhile', async () => {
      const store = await (await place()).open()
      await store.transact((tx) => tx.insert('model', 'p', 'm', model(1)))
      const { promise: hasRead, resolve: sayRead } = Promise.withResolvers<void>()
      let hasWritten: Promise<unknown> = Promise.resolve()
      const reading = store.read(async (tx) => {
        const before = await tx.get('model', 'p', 'm')
        sayRead()
        // in memory the writer comes after the reader
        if (database !== 'SQLite in memory') await hasWritten
        const after = await tx.get('model', 'p', 'm')
        return [before?.document.lastNumber, after?.document.lastNumber, (await tx.all('model')).length]
      })
      hasWritten = hasRead.then(() =>
        store.transact(async (tx) => {
          await tx.update('model', 'p', 'm', 1, model(2))
          await tx.insert('model', 'p', 'n', model())
        }),
      )
      // the reader looks at the promise after it has said that it read
      expect(await reading).toEqual([1, 1, 1])
      await hasWritten
      expect((await store.read((tx) => tx.get('model', 'p', 'm')))?.document.lastNumber).toBe(2)
    })

    test('lists page after page, and misses and repeats nothing while records come and go', async () => {
      const store = await (await place()).open()
      const names = Array.from({ length: 2500 }, (_, i) => `m${String(i).padStart(4, '0')}`)
      for (let i = 0; i < names.length; i += 500)
        await store.transact(async (tx) => {
          for (const name of names.slice(i, i + 500)) await tx.insert('model', 'p', name, model())
        })
      expect((await store.read((tx) => tx.all('model', { project: 'p' }))).map(({ name }) => name)).toEqual(names)
      const seen: string[] = []
      let cursor: string | undefined
      let pages = 0
      do {
        const page = await store.read((tx) => tx.list('model', { project: 'p', limit: 700, cursor }))
        seen.push(...page.items.map(({ name }) => name))
        cursor = page.cursor
        // behind it and before it; the record that the cursor stands on goes
        await store.transact(async (tx) => {
          await tx.insert('model', 'p', `a${pages}`, model())
          await tx.remove('model', 'p', seen.at(-1) ?? '')
        })
        pages++
      } while (cursor !== undefined)
      expect(pages).toBe(4)
      expect(seen).toEqual(names)
      expect((await store.read((tx) => tx.list('model'))).items).toHaveLength(100)
    })

    test('sorts by project and name over all projects, and pages so', async () => {
      const store = await (await place()).open()
      const pairs = ['b/a', 'a/z', 'a/b', 'c/a', 'a/a'].map((pair) => pair.split('/') as [string, string])
      await store.transact(async (tx) => {
        for (const [project, name] of pairs) await tx.insert('model', project, name, model())
      })
      const first = await store.read((tx) => tx.list('model', { limit: 3 }))
      const second = await store.read((tx) => tx.list('model', { limit: 3, cursor: first.cursor }))
      const all = [...first.items, ...second.items].map(({ project, name }) => `${project}/${name}`)
      expect(all).toEqual(['a/a', 'a/b', 'a/z', 'b/a', 'c/a'])
      expect(second.cursor).toBeUndefined()
    })

    test('takes a cursor only for the query that it was given out for', async () => {
      const where = await place()
      const store = await where.open()
      await store.transact(async (tx) => {
        for (const name of ['a', 'b', 'c']) {
          await tx.insert('model', 'p', name, model())
          await tx.insert('model', 'q', name, model())
        }
      })
      const query = { project: 'p', prefix: '', states: undefined, limit: 1 }
      const { cursor = '' } = await store.read((tx) => tx.list('model', query))
      const next = await store.read((tx) => tx.list('model', { ...query, limit: 2, cursor }))
      expect(next.items.map(({ name }) => name)).toEqual(['b', 'c'])
      const damaged = [
        cursor.slice(0, -1),
        `${cursor}A`,
        `A${cursor.slice(1)}`,
        '',
        'x',
        cursor.toUpperCase(),
        `${cursor}=`,
      ]
      const others = [
        { ...query, project: 'q', cursor },
        { limit: 1, cursor },
        { ...query, prefix: 'a', cursor },
        { ...query, states: ['ready'], cursor },
        ...damaged.map((cursor) => ({ ...query, cursor })),
      ]
      const refusal = { code: 'invalid_argument', details: { reason: 'cursor' } }
      for (const other of others)
        await expect(store.read((tx) => tx.list('model', other))).rejects.toMatchObject(refusal)
      await expect(store.read((tx) => tx.list('endpoint', { ...query, cursor }))).rejects.toMatchObject(refusal)
      const stranger = await (await place()).open()
      await expect(stranger.read((tx) => tx.list('model', { ...query, cursor }))).rejects.toMatchObject(refusal)
      if (!isShared) return
      const reopened = await where.open()
      expect((await reopened.read((tx) => tx.list('model', { ...query, cursor }))).items[0]?.name).toBe('b')
    })

    test('takes every name and prefix literally', async () => {
      const store = await (await place()).open()
      const names = [
        '%',
        '_',
        'b',
        'b0',
        'a',
        'a%',
        'a%b',
        'a_',
        'a_c',
        'ab',
        "a'b",
        'a"b',
        'a\\',
        'a;--',
        'A',
        'ä',
        '\u{10ffff}',
        '\u{10ffff}z',
      ]
      await store.transact(async (tx) => {
        for (const name of names) await tx.insert('model', 'p', name, model(0, name))
      })
      for (const name of names)
        expect((await store.read((tx) => tx.get('model', 'p', name)))?.document.description).toBe(name)
      for (const prefix of ['', 'a', 'a%', 'a_', '_', '%', "a'", '\\', 'ä', '\u{10ffff}', '\u{d7ff}', 'a" or 1=1 --']) {
        const found = await store.read((tx) => tx.all('model', { project: 'p', prefix }))
        expect(found.map(({ name }) => name).sort()).toEqual(names.filter((name) => name.startsWith(prefix)).sort())
      }
    })

    test('lists by state, as the document has it now', async () => {
      const store = await (await place()).open()
      const upload = { project: 'p', name: 'u', fileName: 'a', sizeBytes: 1, partBytes: 1, parts: [], expiresAtMs: 1 }
      await store.transact(async (tx) => {
        await tx.insert('upload', 'p', 'a', { ...upload, state: 'open' })
        await tx.insert('upload', 'p', 'b', { ...upload, state: 'complete' })
        await tx.insert('upload', 'q', 'c', { ...upload, state: 'open' })
        await tx.update('upload', 'p', 'a', 1, { ...upload, state: 'complete' })
      })
      const named = async (states: string[], project?: string) =>
        (await store.read((tx) => tx.all('upload', { states, project }))).map(({ name }) => name)
      expect(await named(['complete'])).toEqual(['a', 'b'])
      expect(await named(['open', 'complete'])).toEqual(['a', 'b', 'c'])
      expect(await named(['open'], 'p')).toEqual([])
      expect(await named([])).toEqual([])
    })

    test('refuses a limit that is none, and text that no database keeps', async () => {
      const store = await (await place()).open()
      for (const limit of [0, -1, 1001, 1e9, Number.NaN, 1.5, Number.POSITIVE_INFINITY]) {
        const refusal = { code: 'invalid_argument' }
        await expect(store.read((tx) => tx.list('model', { limit }))).rejects.toMatchObject(refusal)
        await expect(store.read((tx) => tx.events({ limit }))).rejects.toMatchObject(refusal)
        await expect(store.read((tx) => tx.audit({ limit }))).rejects.toMatchObject(refusal)
      }
      for (const after of [-1, Number.NaN, 1e300])
        await expect(store.read((tx) => tx.events({ after }))).rejects.toMatchObject({ code: 'invalid_argument' })
      for (const name of ['a\0b', '\ud800', 'x'.repeat(1025)]) {
        await expect(store.read((tx) => tx.get('model', 'p', name))).rejects.toMatchObject({ code: 'invalid_argument' })
        await expect(store.transact((tx) => tx.insert('model', 'p', name, model()))).rejects.toMatchObject({
          code: 'invalid_argument',
        })
      }
    })

    test('gives documents back as they were, and refuses numbers that JSON has not', async () => {
      const store = await (await place()).open()
      const document = model(2 ** 53 - 1, 'NUL \0, half \ud800, \u{1f600}, null, "quotes" and \n lines')
      await store.transact((tx) => tx.insert('model', 'p', 'm', document))
      expect((await store.read((tx) => tx.get('model', 'p', 'm')))?.document).toEqual(document)
      for (const number of [Number.NaN, Number.POSITIVE_INFINITY])
        await expect(store.transact((tx) => tx.insert('model', 'p', 'n', model(number)))).rejects.toThrow(
          /this is a bug/,
        )
    })

    test('numbers events and audit entries in the order in which they are committed', async () => {
      const environment = testEnvironment()
      environment.wall = 1_000_000
      const store = await (await place()).open({ environment })
      for (const name of ['a', 'b', 'c'])
        await store.transact(async (tx) => {
          await tx.addEvent(event(name))
          await tx.addAudit({ ...audited, principal: `p/${name}` })
        })
      const strange = { ...event('b'), project: 'q', message: 'NUL \0 and half \ud800' }
      await store.transact((tx) => tx.addEvent(strange))
      expect(await store.read((tx) => tx.events({ after: 1, project: 'p' }))).toEqual([
        { ...event('b'), seq: 2, atMs: 1_000_000 },
        { ...event('c'), seq: 3, atMs: 1_000_000 },
      ])
      expect((await store.read((tx) => tx.events({ name: 'b' }))).map(({ seq }) => seq)).toEqual([2, 4])
      expect(await store.read((tx) => tx.events({ kind: 'endpoint' }))).toEqual([])
      expect((await store.read((tx) => tx.events({ limit: 2 }))).map(({ seq }) => seq)).toEqual([1, 2])
      expect((await store.read((tx) => tx.audit({}))).map(({ seq }) => seq)).toEqual([3, 2, 1])
      expect((await store.read((tx) => tx.audit({ before: 3, limit: 1 })))[0]).toEqual({
        ...audited,
        principal: 'p/b',
        seq: 2,
        atMs: 1_000_000,
      })
      expect(await store.read((tx) => tx.audit({ principal: 'p/c', project: 'p' }))).toHaveLength(1)
      await store.transact((tx) => tx.addAudit({ ...audited, outcome: 'refused', code: 'permission_denied' }))
      expect((await store.read((tx) => tx.audit({ limit: 1 })))[0]?.code).toBe('permission_denied')
    })

    test('keeps the answer of an idempotent request until it expires', async () => {
      const environment = testEnvironment()
      environment.wall = 1000
      const store = await (await place()).open({ environment })
      await store.transact((tx) => tx.putIdempotent('k', answer(2000)))
      expect(await store.read((tx) => tx.idempotent('k'))).toEqual(answer(2000))
      expect(await store.read((tx) => tx.idempotent('l'))).toBeUndefined()
      // of two that come at once the second learns that it is the second
      await expect(store.transact((tx) => tx.putIdempotent('k', answer(3000, 'b')))).rejects.toMatchObject({
        code: 'conflict',
        details: { reason: 'answered' },
      })
      environment.wall = 2000
      expect(await store.read((tx) => tx.idempotent('k'))).toBeUndefined()
      await store.transact((tx) => tx.putIdempotent('k', answer(3000, 'b')))
      expect((await store.read((tx) => tx.idempotent('k')))?.request).toBe('b')
    })

    test('sweeps what is as old as its retention, and nothing else', async () => {
      const environment = testEnvironment()
      const steps: string[] = []
      const store = await (await place()).open({ environment, onDurable: (step) => steps.push(step) })
      for (const wall of [1000, 2000, 3000]) {
        environment.wall = wall
        await store.transact(async (tx) => {
          await tx.addEvent(event(`at${wall}`))
          await tx.addAudit(audited)
          await tx.putIdempotent(`k${wall}`, answer(wall + 5000))
          await tx.insert('model', 'p', `m${wall}`, model())
        })
      }
      environment.wall = 5000
      expect(await store.sweep({ eventsMs: 3000, auditMs: 4000, nowMs: 5000 })).toBe(3)
      expect((await store.read((tx) => tx.events({}))).map(({ name }) => name)).toEqual(['at3000'])
      expect((await store.read((tx) => tx.audit({}))).map(({ seq }) => seq)).toEqual([3, 2])
      expect(await store.sweep({ eventsMs: 3000, auditMs: 4000, nowMs: 5000 })).toBe(0)
      expect(await store.sweep({ eventsMs: 1e6, auditMs: 1e6, nowMs: 7500 })).toBe(2)
      await store.transact((tx) => tx.addEvent(event('later')))
      expect((await store.read((tx) => tx.events({ after: 3 }))).map(({ seq }) => seq)).toEqual([4])
      expect(await store.read((tx) => tx.all('model'))).toHaveLength(3)
      expect(steps.filter((step) => step === 'sweep')).toHaveLength(3)
    })

    test('refuses a transaction within a transaction, and one that is used when it is over', async () => {
      const store = await (await place()).open()
      const within = store.transact(() => store.read((tx) => tx.all('model')))
      await expect(within).rejects.toThrow('within a transaction; this is a bug')
      const leaked = await store.transact(async (tx) => tx)
      await expect(leaked.insert('model', 'p', 'm', model())).rejects.toThrow('is over')
      // what work has started and not waited for is not within it any more
      const { promise: isOver, resolve } = Promise.withResolvers<void>()
      let later: Promise<unknown> = Promise.resolve()
      await store.transact(async () => {
        later = isOver.then(() => store.transact((tx) => tx.insert('model', 'p', 'm', model())))
      })
      resolve()
      await later
    })

    test('makes nobody wait longer than its patience', async () => {
      const store = await (await place()).open({ patienceMs: 700 })
      const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
      const slow = store.transact(async (tx) => {
        await mayEnd
        await tx.insert('model', 'p', 'slow', model())
      })
      const refusal = { code: 'unavailable', details: { reason: 'store' } }
      await expect(store.transact((tx) => tx.insert('model', 'p', 'm', model()))).rejects.toMatchObject(refusal)
      const waiting = store.transact((tx) => tx.insert('model', 'p', 'n', model()))
      end()
      await Promise.all([slow, waiting])
      expect((await store.read((tx) => tx.all('model'))).map(({ name }) => name)).toEqual(['n', 'slow'])
    })

    test('gives up work that does not end, and goes on', async () => {
      const real = testEnvironment()
      const sleep = (ms: number, signal?: AbortSignal) => real.sleep(ms === 30_000 ? 50 : ms, signal)
      const environment = { ...real, sleep }
      const store = await (await place()).open({ environment })
      const { promise: never, resolve: end } = Promise.withResolvers<void>()
      let late: Promise<unknown> = Promise.resolve()
      const work = store.transact(async (tx) => {
        await tx.insert('model', 'p', 'm', model())
        late = never.then(() => tx.insert('model', 'p', 'n', model()))
        await never
      })
      await expect(work).rejects.toMatchObject({ code: 'internal' })
      end()
      await expect(late).rejects.toThrow('is over')
      expect(await store.read((tx) => tx.all('model'))).toEqual([])
      await store.transact(async () => {})
    })

    test('tells of each thing that became durable, and passes on what the hook throws', async () => {
      const steps: string[] = []
      const store = await (
        await place()
      ).open({
        onDurable: (step) => {
          steps.push(step)
          if (steps.length === 5) throw new Error('dies here')
        },
      })
      await store.transact((tx) => tx.insert('model', 'p', 'm', model()))
      await expect(store.transact((tx) => tx.insert('model', 'p', 'n', model()))).rejects.toThrow('dies here')
      expect(steps).toEqual(['migration:1', 'migration:2', 'migration:3', 'commit', 'commit'])
      expect(await store.read((tx) => tx.all('model'))).toHaveLength(2)
    })

    test('ends what is under way when it closes, and refuses what comes later', async () => {
      const store = await (await place()).open()
      const last = store.transact((tx) => tx.insert('model', 'p', 'm', model()))
      await Promise.all([store.close(), store.close()])
      expect((await last).etag).toBe(1)
      await expect(store.read((tx) => tx.all('model'))).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}

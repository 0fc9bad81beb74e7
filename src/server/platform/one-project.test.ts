import { expect, test, vi } from 'vitest'
import type { Operations } from '../../runtime/operations.ts'
import { operationsOfProject, refuseOtherProject } from './one-project.ts'

const asked = (project?: string) => ({ headers: project === undefined ? {} : { 'x-slipway-project': project } })
const key = (project: string) => ({ name: 'k', project, uid: 'u', quotas: {} })

test('a request is answered for the project that it names, or for that of its key', () => {
  for (const project of ['default', 'shop'])
    for (const principal of [key('*'), key(project)]) {
      refuseOtherProject(principal, asked(), project)
      refuseOtherProject(principal, asked(project), project)
    }
})

test("a project without endpoints is not answered for by another one's, whoever asks", () => {
  expect(() => refuseOtherProject(key('*'), asked('gone'), 'default')).toThrow(
    expect.objectContaining({ code: 'not_found', message: expect.stringContaining('"gone"') }),
  )
  expect(() => refuseOtherProject(key('default'), asked('gone'), 'default')).toThrow(
    expect.objectContaining({ code: 'permission_denied', message: expect.not.stringContaining('gone') }),
  )
  expect(() => refuseOtherProject(undefined, asked('gone'), 'default')).toThrow(
    expect.objectContaining({ code: 'unauthenticated' }),
  )
})

test('what is logged and traced can be looked at by a key of a project, and changed by none', async () => {
  const logSettings = vi.fn(async () => ({ info: true, warning: true, error: true, debug: false }))
  const traceSettings = vi.fn(async () => ({ isOn: false, ratio: 0 }))
  const whole = { canControl: true, logSettings, traceSettings } as unknown as Operations
  const operations = operationsOfProject(whole, () => [])
  expect(await operations.logSettings()).toMatchObject({ error: true })
  expect(await operations.traceSettings('fraud')).toEqual({ isOn: false, ratio: 0 })
  const refused = { code: 'unsupported' }
  await expect(operations.logSettings({ error: false })).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('PATCH /api/v1/log-levels') as unknown,
  })
  await expect(operations.logSettings({})).rejects.toMatchObject(refused)
  await expect(operations.traceSettings('fraud', { isOn: true })).rejects.toMatchObject(refused)
  await expect(operations.traceSettings(undefined, { ratio: 1 })).rejects.toMatchObject(refused)
  expect([logSettings.mock.calls, traceSettings.mock.calls]).toEqual([[[]], [['fraud']]])
  await expect(operations.load('fraud')).rejects.toMatchObject(refused)
  await expect(operations.unload('fraud')).rejects.toMatchObject(refused)
  expect([operations.canControl, await operations.index()]).toEqual([false, []])
})

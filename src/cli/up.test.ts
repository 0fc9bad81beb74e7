import { expect, test } from 'vitest'
import { commandOf, greeting } from './up.ts'

test.each([
  ['in a shell', {}, 'slipway deploy model.pkl'],
  ['by `npm start`', { npm_lifecycle_event: 'start' }, 'npm run slipway -- deploy model.pkl'],
  ['by `npm run slipway`', { npm_lifecycle_event: 'slipway' }, 'npm run slipway -- deploy model.pkl'],
  ['by a script of somebody else', { npm_lifecycle_event: 'dev' }, 'slipway deploy model.pkl'],
])('a platform that was started %s says what to type there', (_how, env, typed) => {
  const told = greeting(
    { url: 'http://127.0.0.1:8080', grpcAddress: undefined, apiUrl: 'http://127.0.0.1:8082', pid: 1 },
    { dataFolder: '/data', runners: 1, newKey: undefined, command: commandOf(env) },
  )
  expect(told).toContain(`\nDeploy a model:  ${typed} --data /data\n`)
})

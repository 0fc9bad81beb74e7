import { expect, test } from 'vitest'
import { CASES, caseName, isGrpc } from './cases.ts'
import { BenchUsageError, HELP, parseOptions } from './options.ts'
import { PEERS } from './peers.ts'

test('without words, everything in three rounds of four seconds', () => {
  const options = parseOptions([])
  expect(options).toMatchObject({ rounds: 3, seconds: 4, starts: 5, cases: CASES, density: true, write: false })
  expect(options.peers).toEqual(PEERS.map(({ name }) => name))
})

test('--quick is two models beside FastAPI alone, shorter where nothing else is given', () => {
  const options = parseOptions(['--quick', '--seconds', '3'])
  expect(options).toMatchObject({ rounds: 2, seconds: 3, starts: 1, peers: ['fastapi'], density: false })
  expect(new Set(options.cases.map(({ model }) => model))).toEqual(new Set(['tiny', 'trees']))
  expect(options.cases.filter(isGrpc)).toEqual([])
})

test('FastAPI and grpcio take part whoever is named, in the order of the tables', () => {
  expect(parseOptions(['--peers', 'mlflow,mlserver']).peers).toEqual(['fastapi', 'mlserver', 'mlflow', 'grpcio'])
})

test('a peer that speaks none of what is asked takes no part', () => {
  expect(parseOptions(['--cells', 'tiny/1@64']).peers).not.toContain('grpcio')
  expect(parseOptions(['--cells', 'tiny/1@8x8']).peers).toEqual(['mlserver', 'grpcio'])
})

test('cells are named one by one, or by their models', () => {
  expect(parseOptions(['--cells', 'tiny/1@64,trees/32@4']).cases.map(caseName)).toEqual(['tiny/1@64', 'trees/32@4'])
  expect(parseOptions(['--models', 'image']).cases.map(caseName)).toEqual(['image/1@1', 'image/1@4'])
})

test('one part is measured alone, and the platform is left out where servers or cases are picked', () => {
  expect(parseOptions([]).parts).toEqual(['servers', 'platform'])
  expect(parseOptions(['--only', 'platform', '--write'])).toMatchObject({ parts: ['platform'], write: true })
  expect(parseOptions(['--quick']).parts).toEqual(['servers'])
  expect(parseOptions(['--cells', 'tiny/1@64']).parts).toEqual(['servers'])
})

test('a program that is named is measured as it is', () => {
  expect(parseOptions(['--program', 'elsewhere/slipway.js'])).toMatchObject({ build: false })
})

test('a variant is the words of its command line', () => {
  expect(parseOptions(['--variant=--engine host-kernels']).variant).toEqual(['--engine', 'host-kernels'])
})

test.each([
  [['--rounds', '0'], '--rounds takes whole numbers from 1 to 100, found "0"'],
  [['--cells', 'tiny/1@64,x'], 'found "x"'],
  [['--models', 'tiny,large'], '--models are tiny, trees, encoder, image, found "large"'],
  [['--models', 'tiny', '--cells', 'tiny/1@1'], 'leave out --models'],
  [['--only', 'grpc'], '--only takes servers or platform, found "grpc"'],
  [['--peers', 'flask'], 'found "flask"'],
  [['--quick', '--write'], '--write takes a run of everything'],
  [['--peers', 'mlserver', '--write'], '--write takes a run of everything'],
  [['--fast'], "'--fast'"],
  [['extra'], "'extra'"],
])('%j is refused with the reason', (args, reason) => {
  expect(() => parseOptions(args)).toThrow(BenchUsageError)
  expect(() => parseOptions(args)).toThrow(reason)
})

test('the help names every peer', () => {
  for (const { name } of PEERS) expect(HELP).toContain(name)
})

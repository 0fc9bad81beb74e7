import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { isGrpc, type Case } from './cases.ts'
import type { BenchModel } from './models.ts'
import { grpcExchange } from './grpc-question.ts'
import { QUIET_PYTHON, runCommand, type Environment } from './python.ts'
import { mlflowExchange, v2Exchange, type Exchange, type Question } from './question.ts'
import type { ServerPlan } from './servers.ts'

const FOLDER = join(import.meta.dirname, 'peers')

/** Another server that people use, in Python. */
export interface Peer {
  readonly name: string
  /** How people call it. */
  readonly label: string
  /** Folder under `peers/` whose `requirements.txt` it runs on. */
  readonly environment: string
  /** Packages whose versions the report tells. */
  readonly packages: readonly string[]
  /** Whether it works while nobody asks. */
  readonly isRestless?: boolean
  /** Made before it starts. */
  readonly prepare?: (place: PeerPlace, signal: AbortSignal) => Promise<void>
  readonly launch: (place: PeerPlace) => Pick<ServerPlan, 'command' | 'args' | 'env'>
  /** How it is asked by HTTP: by the Open Inference Protocol unless said here. */
  readonly exchange?: (question: Question) => Exchange
  /** Whether it speaks gRPC, and HTTP then too. */
  readonly grpc?: 'also' | 'only'
}

/** What a peer is started with. */
export interface PeerPlace {
  readonly model: BenchModel
  /** Interpreter with its packages. */
  readonly python: string
}

/** Uvicorn's fast event loop and parser, without a line per request in the log. */
export const UVICORN = '--loop uvloop --http httptools --no-access-log --log-level warning'

function uvicorn(workers: number): Peer['launch'] {
  return ({ python }) => ({
    command: python,
    args: (port) => `-m uvicorn app:app --host 127.0.0.1 --port ${port} --workers ${workers} ${UVICORN}`.split(' '),
  })
}

/** A program that a package brings into its environment. */
const program = (python: string, name: string) => join(python, '..', name)

const mlflowFolder = ({ model }: PeerPlace) => join(model.file, '..', 'mlflow')

export const PEERS: readonly Peer[] = [
  {
    name: 'fastapi',
    label: 'FastAPI + ONNX Runtime',
    environment: 'fastapi',
    packages: ['fastapi', 'uvicorn', 'pydantic', 'onnxruntime'],
    launch: uvicorn(1),
  },
  {
    name: 'fastapi-orjson',
    label: 'FastAPI, orjson',
    environment: 'fastapi-orjson',
    packages: ['orjson'],
    launch: uvicorn(1),
  },
  {
    name: 'fastapi-2w',
    label: 'FastAPI, 2 workers',
    environment: 'fastapi',
    packages: [],
    launch: uvicorn(2),
  },
  {
    name: 'mlserver',
    label: 'MLServer',
    environment: 'mlserver',
    packages: ['mlserver'],
    grpc: 'also',
    launch: ({ model, python }) => ({
      command: program(python, 'mlserver'),
      args: () => ['start', '.'],
      env: (port, spare) => ({
        MLSERVER_HOST: '127.0.0.1',
        MLSERVER_HTTP_PORT: `${port}`,
        MLSERVER_GRPC_PORT: `${spare[0]}`,
        MLSERVER_METRICS_PORT: `${spare[1]}`,
        MLSERVER_PARALLEL_WORKERS: '0',
        MLSERVER_DEBUG: 'false',
        MLSERVER_MODEL_NAME: model.name,
        MLSERVER_MODEL_IMPLEMENTATION: 'onnx_runtime.OnnxRuntime',
      }),
    }),
  },
  {
    name: 'bentoml',
    label: 'BentoML',
    environment: 'bentoml',
    packages: ['bentoml'],
    launch: ({ python }) => ({
      command: program(python, 'bentoml'),
      args: (port) => ['serve', 'service:Onnx', '--host', '127.0.0.1', '--port', `${port}`],
      env: () => ({ BENTOML_DO_NOT_TRACK: 'True' }),
    }),
  },
  {
    name: 'litserve',
    label: 'LitServe',
    environment: 'litserve',
    packages: ['litserve'],
    launch: ({ python }) => ({ command: python, args: (port) => ['server.py', `${port}`] }),
  },
  {
    name: 'ray-serve',
    label: 'Ray Serve',
    environment: 'ray-serve',
    packages: ['ray'],
    isRestless: true,
    launch: ({ python }) => ({
      command: python,
      // a short path: the names of its sockets must fit 107 bytes
      args: (port) => ['server.py', `${port}`, join(tmpdir(), 'slipway-bench-ray')],
      env: () => ({ RAY_USAGE_STATS_ENABLED: '0' }),
    }),
  },
  {
    name: 'mlflow',
    label: 'MLflow serve',
    environment: 'mlflow',
    packages: ['mlflow'],
    prepare: async (place, signal) => {
      const folder = mlflowFolder(place)
      if (existsSync(join(folder, 'MLmodel'))) return
      rmSync(folder, { recursive: true, force: true })
      const env = { ...QUIET_PYTHON, MLFLOW_DISABLE_TELEMETRY: 'true' }
      await runCommand(place.python, [join(FOLDER, 'mlflow/save.py'), place.model.file, folder], { signal, env })
    },
    launch: (place) => ({
      command: program(place.python, 'mlflow'),
      args: (port) =>
        `models serve -m ${mlflowFolder(place)} -h 127.0.0.1 -p ${port} --env-manager local --workers 1`.split(' '),
      env: () => ({
        MLFLOW_DISABLE_TELEMETRY: 'true',
        UVICORN_ACCESS_LOG: 'false',
        PATH: `${join(place.python, '..')}:${process.env.PATH}`,
      }),
    }),
    exchange: mlflowExchange,
  },
  {
    name: 'grpcio',
    label: 'grpcio, asyncio',
    environment: 'grpcio',
    packages: ['grpcio'],
    grpc: 'only',
    launch: ({ python }) => ({ command: python, args: (port) => ['server.py', `${port}`] }),
  },
]

/** Whether a peer can be asked what one of the cases asks. */
export function takesPart({ grpc }: Peer, cases: readonly Case[]): boolean {
  return cases.some((each) => (isGrpc(each) ? grpc !== undefined : grpc !== 'only'))
}

/** The Python that a peer needs. */
export function environmentOf({ environment }: Peer): Environment {
  return { name: environment, requirements: join(FOLDER, environment, 'requirements.txt') }
}

/** How to start a peer with a model. */
export function peerPlan(peer: Peer, place: PeerPlace, logFolder: string): ServerPlan {
  const { model } = place
  const { command, args, env } = peer.launch(place)
  const source = join(FOLDER, peer.environment)
  const exchange = peer.exchange ?? v2Exchange
  const byHttp = peer.grpc === 'only' ? [] : model.questions
  const byGrpc = model.questions.map((question) => [question.rows, grpcExchange(question)] as const)
  return {
    name: peer.name,
    command,
    args,
    cwd: source,
    env: (port, spare) => ({
      ...QUIET_PYTHON,
      PYTHONPATH: `${join(FOLDER, 'common')}:${source}`,
      MODEL_NAME: model.name,
      MODEL_FILE: model.file,
      ...env?.(port, spare),
    }),
    exchanges: new Map(byHttp.map((question) => [question.rows, exchange(question)])),
    ...(peer.grpc === undefined ? {} : { grpcExchanges: new Map(byGrpc) }),
    isRestless: peer.isRestless ?? false,
    logFile: join(logFolder, `${peer.name}.log`),
  }
}

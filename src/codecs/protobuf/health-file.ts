import { enumeration, map, message, one, unary, type ProtoFile } from './schema.ts'

const ServingStatus = enumeration('grpc.health.v1.HealthCheckResponse.ServingStatus', {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
})

export const HealthCheckRequest = message('grpc.health.v1.HealthCheckRequest', one(1, 'service', 'string'))
export const HealthCheckResponse = message('grpc.health.v1.HealthCheckResponse', one(1, 'status', ServingStatus))
const HealthListRequest = message('grpc.health.v1.HealthListRequest')
const HealthListResponse = message(
  'grpc.health.v1.HealthListResponse',
  map(1, 'statuses', 'string', HealthCheckResponse),
)

/** @see gRPC, "Health Checking" */
export const healthFile: ProtoFile = {
  name: 'grpc/health/v1/health.proto',
  package: 'grpc.health.v1',
  dependencies: [],
  types: [HealthCheckRequest, HealthCheckResponse, ServingStatus, HealthListRequest, HealthListResponse],
  services: [
    {
      name: 'grpc.health.v1.Health',
      methods: [
        unary('Check', HealthCheckRequest, HealthCheckResponse),
        unary('List', HealthListRequest, HealthListResponse),
        { ...unary('Watch', HealthCheckRequest, HealthCheckResponse), isServerStreaming: true },
      ],
    },
  ],
}

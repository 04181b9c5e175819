import type { BlobSettings } from '../blobs/index.js';
import type { ConfigProblem } from '../config/parse-config.js';
import { z } from 'zod';

export const blobVariables = {
  BLOBS_S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
    .optional()
    .describe('a bucket for artifacts, snapshots and large outputs; without it they are files in the data directory'),
  BLOBS_S3_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('the http(s) address of a store that speaks S3, if it is not Amazon’s'),
  BLOBS_S3_REGION: z.string().min(1).default('us-east-1').describe('the region of the bucket'),
  BLOBS_S3_ACCESS_KEY_ID: z.string().optional().describe('the key id; without it the machine’s own rights are used'),
  BLOBS_S3_SECRET_ACCESS_KEY: z.string().optional().describe('the secret of that key'),
  BLOBS_S3_PREFIX: z
    .string()
    .regex(/^([\w!.*'()-]+\/)*$/)
    .default('')
    .describe('what comes before every key, ending with a slash, such as runledger/'),
  BLOBS_S3_PATH_STYLE: z
    .enum(['on', 'off'])
    .optional()
    .describe('on: the bucket is part of the path; default: on with an endpoint of your own, else off'),
};
type Values = z.output<z.ZodObject<typeof blobVariables>>;

/** Undefined: files in the data directory. Holds a secret: never log it. */
export function s3Settings(values: Values): Extract<BlobSettings, { kind: 's3' }> | undefined {
  const { BLOBS_S3_BUCKET: bucket, BLOBS_S3_ENDPOINT: endpoint } = values;
  const { BLOBS_S3_ACCESS_KEY_ID: accessKeyId, BLOBS_S3_SECRET_ACCESS_KEY: secretAccessKey } = values;
  if (bucket === undefined) return undefined;
  return {
    kind: 's3',
    bucket,
    prefix: values.BLOBS_S3_PREFIX,
    region: values.BLOBS_S3_REGION,
    pathStyle: (values.BLOBS_S3_PATH_STYLE ?? (endpoint === undefined ? 'off' : 'on')) === 'on',
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
  };
}

export function blobProblems(values: Values): readonly (ConfigProblem | false)[] {
  const { BLOBS_S3_BUCKET: bucket, BLOBS_S3_ENDPOINT: endpoint } = values;
  const { BLOBS_S3_ACCESS_KEY_ID: id, BLOBS_S3_SECRET_ACCESS_KEY: secret } = values;
  const missing = (variable: string, why: string): ConfigProblem => ({
    variable,
    message: `is missing, but ${why}`,
    fix: `Set ${variable}.`,
  });
  return [
    bucket === undefined && endpoint !== undefined && missing('BLOBS_S3_BUCKET', 'BLOBS_S3_ENDPOINT is set'),
    id !== undefined && secret === undefined && missing('BLOBS_S3_SECRET_ACCESS_KEY', 'BLOBS_S3_ACCESS_KEY_ID is set'),
    id === undefined && secret !== undefined && missing('BLOBS_S3_ACCESS_KEY_ID', 'BLOBS_S3_SECRET_ACCESS_KEY is set'),
  ];
}

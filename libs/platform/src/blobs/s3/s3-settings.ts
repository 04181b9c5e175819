/** Where the bucket is and how to get in. Holds a secret: never log it. */
export interface S3BlobSettings {
  readonly bucket: string;
  /** Before every key; empty, or ends with `/`. */
  readonly prefix: string;
  readonly region: string;
  /** Left out: Amazon's. */
  readonly endpoint?: string;
  /** Left out: what the machine or its environment gives. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The bucket is part of the path and not of the host name, as most stores that are not Amazon's want it. */
  readonly pathStyle: boolean;
}

/** How the Docker Engine is reached and used. Plain data without a secret. */
export interface DockerSettings {
  /** Path of its socket, on this machine: workspaces are directories of this machine. */
  readonly socketPath: string;
  /** A runtime that the engine knows, such as `runsc`. Left out: `runc`. */
  readonly runtime?: string;
  /** Whether an image that is not there is fetched. */
  readonly pull: 'missing' | 'never';
}

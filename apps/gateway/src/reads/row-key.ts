/** Key of a row that belongs to a workspace: ids repeat between workspaces, keys do not. */
export function keyIn(workspaceId: string, id: string): string {
  return `${workspaceId}/${id}`;
}

import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';

/** What a server tells of its cluster: that it is the leader of one, and its only member. */
export function onlyMember(instance: string, address: { readonly host: string; readonly port: number }) {
  const member = new gossip.MemberInfo();
  member.setInstanceId(new shared.UUID().setString(instance));
  member.setState(gossip.MemberInfo.VNodeState.LEADER);
  member.setIsAlive(true);
  member.setHttpEndPoint(new gossip.EndPoint().setAddress(address.host).setPort(address.port));
  return new gossip.ClusterInfo().setMembersList([member]);
}

/** As a current server answers: with batch appends, so that a client that would use them does. */
export function supportedMethods() {
  const method = (name: string, list: string[] = []) =>
    new features.SupportedMethod()
      .setMethodName(name)
      .setServiceName('event_store.client.streams.streams')
      .setFeaturesList(list);
  return new features.SupportedMethods()
    .setEventStoreServerVersion('24.10.0')
    .setMethodsList([
      method('read', ['position', 'events']),
      method('append'),
      method('delete'),
      method('tombstone'),
      method('batchappend', ['deadline_duration']),
    ]);
}

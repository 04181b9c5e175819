import { DEAF_SECONDS, FRAME, MOST_FRAME_BYTES, ROOM_BYTES } from './relay-frames.js';

/** The relay of a pod for images with Perl 5.14 or newer, which is a part of Debian and its like. */
export const IN_PERL = `
use strict; use IO::Socket::INET; use IO::Select;
$SIG{PIPE} = 'IGNORE'; $SIG{ALRM} = sub { exit 4 }; alarm ${DEAF_SECONDS};
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], Proto => 'tcp', Listen => 512, ReuseAddr => 1);
unless ($server) { print STDERR "cannot listen: $!\\n"; exit 3 }
my ($ids, $rest, %links, %by) = (0, '');
sub tell_ {
  my ($kind, $id, $data) = @_; $data = '' unless defined $data;
  my $frame = pack('CNN', $kind, $id, length $data) . $data;
  while (length $frame) { my $n = syswrite STDOUT, $frame; if (!defined $n) { next if $!{EINTR}; exit } substr($frame, 0, $n, '') }
}
sub drop { my ($l, $told) = @_; delete $links{$l->{id}}; delete $by{fileno $l->{socket}}; close $l->{socket}; tell_(${FRAME.reset}, $l->{id}) if $told }
sub flush_ {
  my $l = shift;
  if (length $l->{out}) {
    my $n = syswrite $l->{socket}, $l->{out};
    if (!defined $n) { return if $!{EAGAIN} || $!{EINTR}; return drop($l, !$l->{quiet}) }
    substr($l->{out}, 0, $n, '');
    tell_(${FRAME.room}, $l->{id}, pack('N', $n)) unless $l->{quiet};
  }
  return if length $l->{out} || !$l->{ending};
  return drop($l, 0) if $l->{ended} || $l->{quiet};
  shutdown $l->{socket}, 1 unless $l->{shut}++;
}
sub hear {
  my ($kind, $id, $data) = @_;
  return tell_(${FRAME.alive}, 0) if $kind == ${FRAME.alive};
  my $l = $links{$id} or return;
  if ($kind == ${FRAME.data}) { $l->{out} .= $data }
  if ($kind == ${FRAME.end}) { $l->{ending} = 1 }
  if ($kind == ${FRAME.room}) { $l->{room} += unpack 'N', $data; return }
  if ($kind == ${FRAME.reset}) { $l->{quiet} = $l->{ending} = 1 }
  flush_($l);
}
sub taken {
  my $l = shift;
  my $most = $l->{room} < ${MOST_FRAME_BYTES} ? $l->{room} : ${MOST_FRAME_BYTES};
  my $n = sysread $l->{socket}, my $data, $most;
  if (!defined $n) { return if $!{EAGAIN} || $!{EINTR}; return drop($l, !$l->{quiet}) }
  return if $l->{quiet} && $n;
  if ($n) { $l->{room} -= $n; return tell_(${FRAME.data}, $l->{id}, $data) }
  $l->{ended} = 1;
  return drop($l, 0) if $l->{quiet};
  tell_(${FRAME.end}, $l->{id});
  drop($l, 0) if $l->{shut};
}
tell_(${FRAME.listening}, 0, pack('N', $server->sockport));
while (1) {
  my @reading = grep { !$_->{ended} && ($_->{room} > 0 || $_->{quiet}) } values %links;
  my @writing = grep { length $_->{out} } values %links;
  my ($in, $out) = IO::Select->select(IO::Select->new(\\*STDIN, $server, map { $_->{socket} } @reading), IO::Select->new(map { $_->{socket} } @writing));
  next unless $in || $out;
  for my $socket (@{$out || []}) { my $l = $by{fileno $socket}; flush_($l) if $l }
  for my $socket (@{$in || []}) {
    if ($socket == $server) {
      my $new = $server->accept or next;
      $new->blocking(0);
      my $l = { id => ++$ids, socket => $new, room => ${ROOM_BYTES}, out => '' };
      $links{$l->{id}} = $by{fileno $new} = $l;
      tell_(${FRAME.open}, $l->{id});
    } elsif ($socket == \\*STDIN) {
      my $n = sysread STDIN, $rest, ${MOST_FRAME_BYTES}, length $rest;
      next if !defined $n && $!{EINTR};
      exit unless $n;
      alarm ${DEAF_SECONDS};
      while (length $rest >= 9) {
        my ($kind, $id, $size) = unpack 'CNN', $rest;
        last if length $rest < 9 + $size;
        hear($kind, $id, substr $rest, 9, $size);
        substr($rest, 0, 9 + $size, '');
      }
    } else { my $fd = fileno $socket; my $l = defined $fd ? $by{$fd} : undef; taken($l) if $l && $l->{socket} == $socket }
  }
}
`;

#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
# MIME::Tools, with which amavisd and MIMEDefang read mail:  perl mime_tools.pl PAYLOAD-FILE <names
# Says of each mail named on standard input, a line each, whether the payload came out of it: 1 or 0.
use strict;
use warnings;
use MIME::Parser;

$| = 1;
local $SIG{__WARN__} = sub { };

sub bytes_of {
    my ($name) = @_;
    open(my $file, '<:raw', $name) or die "$name: $!";
    local $/;
    return scalar <$file>;
}

my $payload = bytes_of($ARGV[0]);

sub holds {
    my ($entity) = @_;
    my $body = $entity->bodyhandle;
    return 1 if $body && index($body->as_string, $payload) >= 0;
    for my $part ($entity->parts) { return 1 if holds($part) }
    return 0;
}

while (my $name = <STDIN>) {
    chomp $name;
    my $found = eval {
        my $parser = MIME::Parser->new;
        $parser->output_to_core(1);
        $parser->tmp_to_core(1);
        $parser->extract_nested_messages('REPLACE');
        $parser->extract_uuencode(1);
        local $SIG{ALRM} = sub { die "too long\n" };
        alarm 10;
        my $entity = $parser->parse_data(bytes_of($name));
        my $is_there = holds($entity);
        alarm 0;
        $is_there;
    };
    alarm 0;
    print $found ? "1\n" : "0\n";
}

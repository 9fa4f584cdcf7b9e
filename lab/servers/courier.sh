#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside Courier's root of the lab: configures it as what stands behind Rastel, and starts it.
#
#   2501   Rastel's: clients -> Rastel -> Courier 127.0.0.1:25
#   25     no filter; mail to erin, carol and dave is handed to procmail through Rastel by their .courier, to carol-maildrop-… and
#          carol-lda-… to maildrop and dovecot-lda, to alice-CODE to a program that ends with it. In the session "courierfilter" all
#          mail is asked about
#
# Local mail goes into ~/Maildir.
set -eu
sed -i 's/^BOFHCHECKDNS=.*/BOFHCHECKDNS=0/; s/^TARPIT=.*/TARPIT=0/; s/^MAXPERC=.*/MAXPERC=40/; s/^MAXPERIP=.*/MAXPERIP=40/
  s#^TCPDOPTS=.*#TCPDOPTS="-nodnslookup -noidentlookup"#' /etc/courier/esmtpd
# Mail is to arrive as it was sent: Courier would write MIME anew.
echo 'MIME=none' >>/etc/courier/esmtpd
# By default it keeps failures of mail that came by SMTP to itself: there would be no bounce to see.
echo 'opt BOFHSUPPRESSBACKSCATTER=none' >>/etc/courier/bofh
printf 'lab.test\nlocalhost\n' >/etc/courier/locals
echo lab.test >/etc/courier/me
echo lab.test >/etc/courier/esmtpacceptmailfor.dir/lab
sed -i 's#^DEFAULTDELIVERY=.*#DEFAULTDELIVERY=./Maildir#' /etc/courier/courierd
sed -i 's/^authmodulelist=.*/authmodulelist="authpam"/' /etc/courier/authdaemonrc
# To it every client is Rastel: 127.0.0.1 must not relay.
sed -i '/^127\.0\.0\.1/s/,RELAYCLIENT.*//' /etc/courier/smtpaccess/default
makeacceptmailfor
makehosteddomains
makesmtpaccess
makealiases
mkdir -p /run/courier/authdaemon
chown -R courier:courier /run/courier
for user in alice bob carol dave; do su "$user" -c 'maildirmake.courier ~/Maildir || maildirmake ~/Maildir'; done
useradd -m -s /bin/sh erin
# shellcheck source=lab/servers/programs.sh
. /root/programs.sh
by_courier() { # LINE FILE…: what each of these .courier files says
  line=$1
  shift
  for file; do
    echo "$line" >"$file"
    chown --reference="${file%/*}" "$file"
    chmod 600 "$file"
  done
}
by_courier '| /usr/lib/rastel/rastel-deliver -- /usr/bin/procmail' /home/erin/.courier /home/carol/.courier-default /home/dave/.courier-default
by_courier '| /usr/lib/rastel/rastel-deliver -- /usr/bin/maildrop' /home/carol/.courier-maildrop-default
# shellcheck disable=SC2016 # Courier puts them in
by_courier '| /usr/lib/rastel/rastel-deliver -- /usr/lib/dovecot/dovecot-lda -e -f "$SENDER" -a "$RECIPIENT"' /home/carol/.courier-lda-default
by_courier '| /usr/lib/rastel/rastel-deliver --timeout=16s -- /usr/local/bin/ends' /home/alice/.courier-default
if [ "$2" = courierfilter ]; then
  ln -s /usr/lib/rastel/rastel-courierfilter /usr/lib/courier/filters/rastel
  echo 'esmtp local' >/etc/courier/enablefiltering
  filterctl start rastel
fi
/usr/sbin/authdaemond start
courierfilter start
courier start
esmtpd start
exec sleep infinity

-- proved: when the member last showed a passkey, or a passphrase where one signs in, in this session; null in a session that an agency's own service began.
alter table session add column proved bigint; -- clear

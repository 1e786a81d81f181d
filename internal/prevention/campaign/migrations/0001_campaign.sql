-- What a program does in public under one name.
create table campaign ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  slug text not null, -- clear
  lead text not null, -- clear
  state text not null, -- clear
  version bigint not null, -- clear
  title_en text not null, -- clear
  title_es text not null, -- clear
  text_en text not null, -- clear
  text_es text not null, -- clear
  first_day text not null, -- clear
  last_day text not null, -- clear
  notices text not null, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  changed_at bigint not null, -- clear
  changed_by text not null, -- clear
  primary key (program, id),
  unique (program, slug)
);

-- Who takes part: an office of the program, or a named organization outside of it.
create table campaign_partner ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  campaign bytes not null, -- clear
  office text, -- clear
  name text, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  removed_at bigint, -- clear
  removed_by text, -- clear
  primary key (program, id)
);
create index campaign_partner_of on campaign_partner (program, campaign);

-- What it costs, line by line, in cents.
create table campaign_line ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  campaign bytes not null, -- clear
  what text not null, -- clear
  planned_cents bigint not null, -- clear
  spent_cents bigint not null, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  removed_at bigint, -- clear
  removed_by text, -- clear
  primary key (program, id)
);
create index campaign_line_of on campaign_line (program, campaign);

-- Its days.
create table campaign_event ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  campaign bytes not null, -- clear
  day text not null, -- clear
  what_en text not null, -- clear
  what_es text not null, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  removed_at bigint, -- clear
  removed_by text, -- clear
  primary key (program, id)
);
create index campaign_event_of on campaign_event (program, campaign);

-- Its digital pieces, each with a short address.
create table campaign_piece ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  campaign bytes not null, -- clear
  title text not null, -- clear
  width bigint not null, -- clear
  height bigint not null, -- clear
  alt_en text not null, -- clear
  alt_es text not null, -- clear
  code bytes not null, -- clear
  file_kind text, -- clear
  file_size bigint, -- clear
  file_hash bytes, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  removed_at bigint, -- clear
  removed_by text, -- clear
  primary key (program, id)
);
create index campaign_piece_of on campaign_piece (program, campaign);

-- The pictures themselves, as they were written anew.
create table campaign_file ( -- not covered: its SHA-256 stands in the row of its piece, which is
  program text not null, -- clear
  piece bytes not null, -- clear
  body bytes not null, -- clear
  primary key (program, piece)
);

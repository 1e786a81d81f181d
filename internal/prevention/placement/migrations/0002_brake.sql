-- How many codes went off through what one member found lately.
create index placement_inspection_by_member on placement_inspection (program, by_member, received_at);

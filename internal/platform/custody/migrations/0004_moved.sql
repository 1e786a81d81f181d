-- Where a program went whose log ended here. Nothing is appended to it any more.
alter table custody_tree add column moved_to text; -- clear

-- A database small enough to back up in a moment, with names that need quoting.
create schema sales;
create table sales.orders (id bigint generated always as identity primary key, customer text not null, paid numeric(12, 2));
insert into sales.orders (customer, paid)
select 'Zoë 陳 ' || n, n * 1.25 from generate_series(1, 20000) as n;
create view sales."big ""orders""" as select * from sales.orders where paid > 1000;
create role clerk login password 'only-its-verifier-is-in-the-globals';
grant select on sales.orders to clerk;
select lo_from_bytea(0, convert_to(repeat('large object ', 1000), 'UTF8'));

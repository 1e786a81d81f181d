module waylight/test/disclosure

go 1.26.8

require (
	gonum.org/v1/gonum v0.17.0
	waylight v0.0.0-00010101000000-000000000000
)

replace waylight => ../..

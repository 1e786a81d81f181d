module waylight/test/posters

go 1.26.8

require (
	codeberg.org/go-pdf/fpdf v0.12.0
	github.com/signintech/gopdf v0.33.0
	waylight v0.0.0-00010101000000-000000000000
)

replace waylight => ../..

By0J ;F>GN>
@D>Q>}U>d~F>…L>¨yD>ΓR>ΩΏU>υτF>jέL>[χD>ρ€Q>RµU>ςaG>ψyP>`CC>VγO>_ύT>hΞH>ΗN>+ÿE> Q>Q>=+F>ΙHM>ÒGE>Φ0R>PU>ωG>yβK> £F>ΰƒQ>ϊόS>9I>VK>ÿ†F>fR>	]R>